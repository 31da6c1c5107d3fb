/** Where Lambda and command line meet: settings and input are checked, and one path serves both from here on. */
import type { Edge } from "../platform/edge";
import { BatchError } from "../platform/errors";
import type { Month } from "../platform/month";
import { parseBoth } from "../platform/settings";
import { publish } from "./announcement";
import type { Dataset } from "./dataset";
import {
  datasetNamed,
  datasets,
  deliveryDatasets,
  type PipelineDataset,
  pipelineDatasets,
  rawDatasets,
} from "./datasets";
import { bringDeliveries, bringDelivery, deliveriesByMonth, openIntake } from "./deliveries/run";
import { verifyDeliveryMonth } from "./deliveries/verification";
import type { ObjectUri } from "./keys";
import { bringMonth, type Lake, type LakeEvent, type LakeMonthSummary } from "./lake-month";
import { publishedMonths } from "./published-month";
import { type LakeRequest, parseLakeRequest } from "./request";
import { type LakeSettings, parseLakeSettings } from "./settings";
import { monthsOf } from "./refine/run";
import { verifyRawMonth } from "./refine/verification";
import { openTenantLake } from "./tenant-lake";
import { type LakeVerification, verifyLakeMonth } from "./verification";

/** What a run did; the Lambda returns it and `--json` prints it. */
export interface LakeSummary {
  readonly runId: string;
  readonly months: readonly LakeMonthSummary[];
}

export interface LakeObserver {
  readonly step?: (event: LakeEvent) => void | Promise<void>;
  /** Called with each month when it is done. */
  readonly month?: (summary: LakeMonthSummary) => void | Promise<void>;
}

/**
 * Brings the lake to what is published: `{"month": "2026-09"}`, a range, or all published months.
 *
 * @throws ConfigError or RequestError that names everything that is wrong, before any connection; later what
 *   {@link bringMonth} throws, naming the months that are done.
 */
export async function runLake(input: unknown, edge: Edge, observer: LakeObserver = {}): Promise<LakeSummary> {
  const { settings, request } = parseBoth(
    () => parseLakeSettings(edge.environment),
    () => parseLakeRequest(input, edge.now(), pipelineDatasets),
  );
  const lake = await openLake(settings, edge, observer);
  return { runId: edge.runId, months: await bringMonths(lake, request, observer) };
}

export async function openLake(
  settings: LakeSettings,
  edge: Edge,
  { step }: LakeObserver = {},
): Promise<Lake> {
  return {
    ...(await openTenantLake(settings, edge)),
    announce: async (message) => {
      if (settings.topicArn !== undefined) await publish(edge, settings.topicArn, message);
    },
    observe: step ?? (() => undefined),
  };
}

/** Brings the months one by one, in order, dataset by dataset. */
export async function bringMonths(
  lake: Lake,
  { datasets: asked, months, remake }: LakeRequest<PipelineDataset>,
  { month: observeMonth }: LakeObserver = {},
): Promise<LakeMonthSummary[]> {
  const done: LakeMonthSummary[] = [];
  try {
    for (const dataset of ofThisStage(lake, asked)) {
      const found = await findMonths(lake, dataset);
      for (const month of months ?? (await found.months())) {
        const summary = await found.bring(month, remake);
        await observeMonth?.(summary);
        done.push(summary);
      }
    }
  } catch (error) {
    if (error instanceof BatchError) error.done = done.map(({ dataset, month }) => `${dataset} ${month}`);
    throw error;
  }
  return done;
}

/** Brings the delivery with this report. */
export async function bringOne(
  lake: Lake,
  report: ObjectUri,
  { month: observeMonth }: LakeObserver = {},
): Promise<void> {
  const summary = await bringDelivery(lake, report);
  if (summary !== undefined) await observeMonth?.(summary);
}

/** Without those of deliveries if the stage has no intake. @throws ConfigError if nothing is left. */
function ofThisStage<Kind extends Dataset>(lake: Lake, asked: readonly Kind[]): readonly Kind[] {
  if (lake.settings.intake !== undefined) return asked;
  const left = asked.filter(({ name }) => datasetNamed(deliveryDatasets, name) === undefined);
  if (left.length === 0) openIntake(lake);
  return left;
}

interface FoundMonths {
  /** In order. */
  readonly months: () => Promise<readonly Month[]>;
  readonly bring: (month: Month, remake: boolean) => Promise<LakeMonthSummary>;
  readonly verify: (month: Month) => Promise<LakeVerification>;
}

/** The months that another pipeline has left, and what can be done with them. */
async function findMonths(lake: Lake, dataset: PipelineDataset): Promise<FoundMonths> {
  if ("fileColumns" in dataset) {
    const deliveries = await deliveriesByMonth(lake, dataset);
    const of = (month: Month) => deliveries.get(month) ?? [];
    return {
      months: () => Promise.resolve([...deliveries.keys()]),
      bring: (month, remake) => bringDeliveries(lake, dataset, month, of(month), remake),
      verify: (month) => verifyDeliveryMonth(lake, dataset, month, of(month)),
    };
  }
  const { source } = lake.settings;
  return {
    months: () => publishedMonths(lake.open(source.bucket), source.prefix, dataset),
    bring: (month, remake) => bringMonth(lake, dataset, month, remake),
    verify: (month) => verifyLakeMonth(lake, dataset, month),
  };
}

/**
 * Verifies months of the lake.
 *
 * @param observe is called with each month when it is done.
 * @throws ConfigError or RequestError like {@link runLake}. What is wrong with a month is a result, not an error.
 */
export async function verifyLake(
  input: unknown,
  edge: Edge,
  observe: (month: LakeVerification) => void,
): Promise<readonly LakeVerification[]> {
  const { settings, request } = parseBoth(
    () => parseLakeSettings(edge.environment),
    () => parseLakeRequest(input, edge.now(), datasets),
  );
  const lake = await openLake(settings, edge);
  const found: LakeVerification[] = [];
  for (const { name } of ofThisStage(lake, request.datasets)) {
    const { months, verify } = await findVerifiable(lake, name);
    for (const month of request.months ?? (await months())) {
      const verification = await verify(month);
      observe(verification);
      found.push(verification);
    }
  }
  return found;
}

/** The months that are there or should be, and how one is verified. */
async function findVerifiable(lake: Lake, name: string): Promise<Pick<FoundMonths, "months" | "verify">> {
  const pipeline = datasetNamed(pipelineDatasets, name);
  if (pipeline !== undefined) return findMonths(lake, pipeline);
  const raw = datasetNamed(rawDatasets, name);
  if (raw === undefined) throw new Error(`the dataset ${name} has no verification`);
  return { months: () => rawMonths(lake, name), verify: (month) => verifyRawMonth(lake, raw, month) };
}

/** The months that any tenant has of a dataset of own files. */
async function rawMonths(lake: Lake, dataset: string): Promise<Month[]> {
  const months = new Set<Month>();
  for (const tenant of lake.settings.tenants)
    for (const month of await monthsOf(lake, tenant, dataset)) months.add(month);
  return [...months].sort();
}

/** Opens the lake for reading. @throws ConfigError */
export function openForReading(edge: Edge): Promise<Lake> {
  return openLake(parseLakeSettings(edge.environment), edge);
}
