/** The datasets of the lake. */
import type { Dataset } from "../dataset";
import { loanDetail } from "./loan-detail";
import { loanMovingAverage } from "./loan-moving-average";

export const datasets: readonly Dataset[] = [loanMovingAverage, loanDetail];

export const datasetNames: readonly string[] = datasets.map(({ name }) => name);

/** Undefined if no dataset has that name. */
export function datasetNamed(name: string): Dataset | undefined {
  return datasets.find((dataset) => dataset.name === name);
}
