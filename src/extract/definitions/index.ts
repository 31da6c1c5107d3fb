/** The extracts that can be asked for. */
import type { ExtractDefinition } from "../definition";
import { loanDetail } from "./loan-detail";
import { loanMovingAverage } from "./loan-moving-average";

/** The extract of a run that names none. */
export const defaultExtract: ExtractDefinition = loanMovingAverage;

export const definitions: readonly ExtractDefinition[] = [loanMovingAverage, loanDetail];

export const extractNames: readonly string[] = definitions.map(({ name }) => name);

/** Undefined if no extract has that name. */
export function extractNamed(name: string): ExtractDefinition | undefined {
  return definitions.find((definition) => definition.name === name);
}
