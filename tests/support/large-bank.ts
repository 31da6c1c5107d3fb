/** One bank whose file is larger than a part of 8 MiB, and than what the sockets on its way hold. */
import type { World } from "./world";

export async function fillLargeBank(world: World): Promise<void> {
  await world.sql("insert into bank values (1, 'Bank', 0)");
  await world.sql(
    "insert into branch select number, 1, repeat('x', 255) from generate_series(1, 50000) as number",
  );
}
