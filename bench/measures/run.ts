import { loanMovingAverage } from "../../src/extract/definitions/loan-moving-average";
import { lastMonth } from "../databases";
import { durations, type Row } from "../measure";
import { count, type Sizes } from "../sizes";
import { inTurns } from "../turns";
import type { World } from "../world";
import { copyAndRun } from "./copied";

/** A monthly run, from the handler's start to the manifest, against copying its rows. */
export async function wholeRun(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const database = await world.databases.loans(sizes);
  const { run, copy } = await inTurns(
    sizes.runs,
    log,
    copyAndRun(world, database, {
      extract: loanMovingAverage,
      month: lastMonth,
      rowCount: sizes.branches,
    }),
  );
  return [
    {
      measure: "run",
      what: `the monthly run of ${count(sizes.loans)} loans, from the handler's start to the manifest`,
      against: "COPY of the same statement into a file",
      ...{ unit: "ms", limit: sizes.limits.run, ours: durations(run), base: durations(copy) },
    },
  ];
}
