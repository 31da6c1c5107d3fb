/** The datasets of the lake. */
import type { Dataset, ExtractDataset } from "../dataset";
import type { DeliveryDataset } from "../delivery-dataset";
import type { RawDataset } from "../raw-dataset";
import { accounts, clients, loans } from "./deliveries";
import { loanDetail } from "./loan-detail";
import { loanMovingAverage } from "./loan-moving-average";
import { transactions } from "./transactions";

/** Made of published months. */
export const extractDatasets: readonly ExtractDataset[] = [loanMovingAverage, loanDetail];

/** Made of the deliveries that intake has accepted. */
export const deliveryDatasets: readonly DeliveryDataset[] = [clients, accounts, loans];

/** Made of the tenants' own files. */
export const rawDatasets: readonly RawDataset[] = [transactions];

/** Made of what another pipeline leaves. */
export type PipelineDataset = ExtractDataset | DeliveryDataset;
export const pipelineDatasets: readonly PipelineDataset[] = [...extractDatasets, ...deliveryDatasets];

export const datasets: readonly Dataset[] = [...pipelineDatasets, ...rawDatasets];

export const datasetNames: readonly string[] = namesOf(datasets);

/** Undefined if none of the datasets has that name. */
export function datasetNamed<Kind extends Dataset>(among: readonly Kind[], name: string): Kind | undefined {
  return among.find((dataset) => dataset.name === name);
}

export function namesOf(some: readonly Dataset[]): string[] {
  return some.map(({ name }) => name);
}
