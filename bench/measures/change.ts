import path from "node:path";

import { unzip } from "../../tests/support/packaged";
import { lastMonth } from "../databases";
import { durations, type Measure } from "../measure";
import { count } from "../sizes";
import { inTurns } from "../turns";

/**
 * The monthly run of this checkout against that of another package, such as that of the branch which a change is made to.
 *
 * @param zip the file that `npx serverless package` made: `.serverless/bank-batch.zip`.
 */
export function changeFrom(zip: string): Measure {
  return async (world, sizes, log) => {
    const database = await world.databases.loans(sizes);
    const task = path.join(world.directory, "base");
    await unzip(zip, task);
    const run = (options: { readonly task?: string }) => () =>
      world.handler.run(database, { month: lastMonth }, { rowCount: sizes.branches, ...options });
    const { here, base } = await inTurns(sizes.runs, log, { base: run({ task }), here: run({}) });
    return [
      {
        measure: "change",
        what: `the monthly run of ${count(sizes.loans)} loans`,
        against: "the same run of the other package",
        ...{ unit: "ms", limit: 1.2, ours: durations(here), base: durations(base) },
      },
    ];
  };
}
