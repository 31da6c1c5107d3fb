/** One bank whose file is larger than a part of 8 MiB, and larger than the buffers of the sockets on its way. */
import type { World } from "./world";

export async function fillLargeBank(world: World): Promise<void> {
  await world.sql("insert into bank values (1, 'Bank', 0)");
  await world.sql(
    "insert into branch select number, 1, repeat('x', 255) from generate_series(1, 50000) as number",
  );
  await addLoanEachMonth(world);
}

/** Adds a loan of branch 1 in each month, so that no month is empty. */
export async function addLoanEachMonth(world: World): Promise<void> {
  await world.sql("insert into client values (1, '', '', 1)");
  await world.sql("insert into account values (1, 0, 1)");
  await world.sql(
    `insert into loans
     select -row_number() over (), 100, 1, day
     from generate_series(date '2024-01-01', date '2026-10-01', interval '1 month') as day`,
  );
}
