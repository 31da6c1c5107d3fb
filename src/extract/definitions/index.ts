/** The extracts that there are. */
import type { ExtractDefinition } from "../definition";
import { loanDetail } from "./loan-detail";
import { loanMovingAverage } from "./loan-moving-average";

/** What a run makes that names no extract. */
export const defaultExtract = loanMovingAverage;

const extracts: readonly ExtractDefinition[] = [loanMovingAverage, loanDetail];

export const extractNames: readonly string[] = extracts.map(({ name }) => name);

/** Undefined if there is no extract of that name. */
export function extractNamed(name: string): ExtractDefinition | undefined {
  return extracts.find((each) => each.name === name);
}
