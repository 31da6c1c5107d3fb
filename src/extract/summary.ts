/** The summary of a run's months. */
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Month } from "../platform/month";
import type { Plan } from "../platform/publication/publication";
import { addTotals, type ExtractDefinition, formatTotals } from "./definition";
import type { MonthSummary } from "./events";
import { compareMonth, type ComparedMonth } from "./month-comparison";
import type { BankFile } from "./month-files";
import type { Source } from "./source";

/** @param manifest its key. */
export function summarise(
  definition: ExtractDefinition,
  month: Month,
  manifest: string,
  { outcome, revision }: Plan<BankFile>,
  files: readonly BankFile[],
): MonthSummary {
  return {
    ...{ month, status: outcome, revision, manifest },
    files: files.map(({ key, rowCount, byteCount, totals }) => ({
      ...{ key, rowCount, byteCount, totals: formatTotals(definition, totals) },
    })),
    totals: formatTotals(
      definition,
      addTotals(
        definition,
        files.map(({ totals }) => totals),
      ),
    ),
  };
}

/** Adds what would change to the months that would be restated. */
export async function addChanges(
  done: MonthSummary[],
  restated: readonly ComparedMonth[],
  source: Source,
  objects: ObjectStore,
): Promise<void> {
  for (const compared of restated) {
    const changes = await compareMonth(compared, await source.readAgain(compared.month), objects);
    const at = done.findIndex(({ month }) => month === compared.month);
    const [summary] = done.slice(at, at + 1);
    if (summary !== undefined) done[at] = { ...summary, changes };
  }
}
