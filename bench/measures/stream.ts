import { loanDetail } from "../../src/extract/definitions/loan-detail";
import { addMonths } from "../../src/platform/month";
import { lastMonth } from "../databases";
import { durations, type Row } from "../measure";
import { count, type Sizes } from "../sizes";
import { inTurns, type Sample } from "../turns";
import type { World } from "../world";
import { copyAndRun } from "./copied";

/** Large files: their time against copying their rows, and the memory for large files against that for small ones. */
export async function stream(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const months = new Map(
    sizes.rows.map((rows, at) => [addMonths(lastMonth, at + 1 - sizes.rows.length), rows]),
  );
  const sources = [...months].map(([month, rowCount]) => ({ extract: loanDetail, month, rowCount }));
  const database = await world.databases.months(sizes, months);

  const rows: Row[] = [];
  // All sizes take turns, because memory is compared across sizes.
  const contenders = Object.fromEntries(
    sources.flatMap((source, at) => {
      const { run, copy } = copyAndRun(world, database, source);
      return [
        [`copy-${at}`, copy],
        [`run-${at}`, run],
      ];
    }),
  );
  const samples = await inTurns(sizes.runs, log, contenders);
  for (const [at, { rowCount }] of sources.entries()) {
    rows.push({
      measure: "stream",
      what: `${count(rowCount)} rows of 9 columns, from the handler's start to the manifest`,
      against: "COPY of the same rows into a file",
      ...{ unit: "ms", limit: 1.4 },
      ours: durations(samples[`run-${at}`]),
      base: durations(samples[`copy-${at}`]),
    });
  }
  const [smallest, ...larger] = sources;
  for (const [at, { rowCount }] of larger.entries()) {
    rows.push({
      measure: "memory",
      what: `the peak memory of the handler's process for ${count(rowCount)} rows`,
      against: `the same for ${count(smallest?.rowCount ?? 0)} rows`,
      ...{ unit: "bytes", limit: 1.05 },
      ours: peaks(samples[`run-${at + 1}`]),
      base: peaks(samples["run-0"]),
    });
  }
  return rows;
}

function peaks(samples: readonly Sample[] = []): number[] {
  return samples.map(({ peakMemoryBytes }) => peakMemoryBytes ?? NaN);
}
