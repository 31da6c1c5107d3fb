import { lastMonth } from "../databases";
import { durations, type Row } from "../measure";
import type { Sizes } from "../sizes";
import { inTurns } from "../turns";
import type { World } from "../world";

/** Many banks and therefore files, against few; with an S3 that responds at once, and with a slow one. */
export async function manyBanks(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const few = await world.databases.loans(sizes);
  const many = await world.databases.manyBanks(sizes, sizes.manyBanks);
  const rows: Row[] = [];
  for (const latencyMs of new Set([0, sizes.latencyMs])) {
    const options = { rowCount: sizes.branches, latencyMs };
    const samples = await inTurns(sizes.runs, log, {
      few: () => world.handler.run(few, { month: lastMonth }, options),
      many: () => world.handler.run(many, { month: lastMonth }, options),
    });
    const where = latencyMs === 0 ? "" : `, S3 taking ${latencyMs} ms per request`;
    rows.push({
      measure: "banks",
      what: `the monthly run with ${sizes.manyBanks} banks${where}`,
      against: `the same rows in ${sizes.banks} banks${where}`,
      ...{
        unit: "ms",
        limit: sizes.limits.banks,
        ours: durations(samples.many),
        base: durations(samples.few),
      },
    });
  }
  return rows;
}
