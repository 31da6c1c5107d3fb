/** A table of loans that takes a minute to read. */
import type { World } from "./world";

export async function makeLoansSlow(world: World): Promise<void> {
  await world.sql("alter table loans rename to fast_loans");
  await world.sql("create view loans as select fast_loans.* from fast_loans, pg_sleep(60)");
  await world.sql(`grant select on loans to ${String(world.secret["username"])}`);
}
