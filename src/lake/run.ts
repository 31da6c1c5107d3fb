/** Where Lambda and command line meet: settings and input are checked, and one path serves both from here on. */
import { BatchError } from "../platform/errors";
import type { Edge } from "../platform/edge";
import type { Month } from "../platform/month";
import { parseBoth } from "../platform/settings";
import { announcementOf, messageOf, publish } from "./announcement";
import type { ExtractDataset } from "./dataset";
import { datasetNamed, datasets, extractDatasets, rawDatasets } from "./datasets";
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
    () => parseLakeRequest(input, edge.now(), extractDatasets),
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
    announce: async (month) => {
      if (settings.topicArn !== undefined)
        await publish(edge, settings.topicArn, messageOf(announcementOf(month)));
    },
    observe: step ?? (() => undefined),
  };
}

/** Brings the months one by one, in order, dataset by dataset. */
export async function bringMonths(
  lake: Lake,
  { datasets, months, remake }: LakeRequest<ExtractDataset>,
  { month: observeMonth }: LakeObserver = {},
): Promise<LakeMonthSummary[]> {
  const done: LakeMonthSummary[] = [];
  try {
    for (const dataset of datasets) {
      for (const month of months ?? (await allMonths(lake, dataset))) {
        const summary = await bringMonth(lake, dataset, month, remake);
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

function allMonths({ settings, open }: Lake, dataset: ExtractDataset): Promise<Month[]> {
  return publishedMonths(open(settings.source.bucket), settings.source.prefix, dataset);
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
  for (const dataset of request.datasets) {
    const { months, verify } = verifierOf(lake, dataset.name);
    for (const month of request.months ?? (await months())) {
      const verification = await verify(month);
      observe(verification);
      found.push(verification);
    }
  }
  return found;
}

/** How the months of a dataset are found and verified. */
function verifierOf(lake: Lake, name: string) {
  const raw = datasetNamed(rawDatasets, name);
  if (raw !== undefined) {
    return {
      months: () => rawMonths(lake, raw.name),
      verify: (month: Month) => verifyRawMonth(lake, raw, month),
    };
  }
  const dataset = extractDatasets.find((each) => each.name === name);
  if (dataset === undefined) throw new Error(`the dataset ${name} has no verification`);
  return {
    months: () => allMonths(lake, dataset),
    verify: (month: Month) => verifyLakeMonth(lake, dataset, month),
  };
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
