import { addMonths, monthRange } from "../../src/platform/month";
import { lastMonth } from "../databases";
import { durations, type Row } from "../measure";
import type { Sizes } from "../sizes";
import { inTurns } from "../turns";
import type { World } from "../world";

/** Many months in one run, against one run per month. */
export async function range(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const database = await world.databases.loans(sizes);
  const from = addMonths(lastMonth, 1 - sizes.months);
  const rowCount = sizes.branches;
  const { together, single } = await inTurns(sizes.runs, log, {
    single: async () => {
      let durationMs = 0;
      for (const month of monthRange(from, lastMonth)) {
        durationMs += (await world.handler.run(database, { month }, { rowCount })).durationMs;
      }
      return { durationMs };
    },
    together: () =>
      world.handler.run(database, { from, to: lastMonth }, { rowCount: rowCount * sizes.months }),
  });
  return [
    {
      measure: "range",
      what: `a range of ${sizes.months} months in one run`,
      against: `the sum of ${sizes.months} single runs`,
      ...{ unit: "ms", limit: sizes.limits.range, ours: durations(together), base: durations(single) },
    },
  ];
}
