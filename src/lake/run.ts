/** Where Lambda and command line meet: settings and input are checked, and one path serves both from here on. */
import { BatchError } from "../platform/errors";
import type { Edge } from "../platform/edge";
import type { Month } from "../platform/month";
import { parseBoth } from "../platform/settings";
import { announce, announcementOf } from "./announcement";
import { openBuckets } from "./buckets";
import type { Dataset } from "./dataset";
import { bringMonth, type Lake, type LakeEvent, type LakeMonthSummary } from "./lake-month";
import { LineageTable } from "./lineage";
import { publishedMonths } from "./published-month";
import { type LakeRequest, parseLakeRequest } from "./request";
import { type LakeSettings, parseLakeSettings } from "./settings";
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
    () => parseLakeRequest(input, edge.now()),
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
    settings,
    open: await openBuckets(settings.source.bucket, edge),
    lineage: await LineageTable.open(edge, settings.lineageTable),
    runId: edge.runId,
    now: edge.now,
    announce: async (month) => {
      if (settings.topicArn !== undefined) await announce(edge, settings.topicArn, announcementOf(month));
    },
    observe: step ?? (() => undefined),
  };
}

/** Brings the months one by one, in order, dataset by dataset. */
export async function bringMonths(
  lake: Lake,
  { datasets, months, remake }: LakeRequest,
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

function allMonths({ settings, open }: Lake, dataset: Dataset): Promise<Month[]> {
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
    () => parseLakeRequest(input, edge.now()),
  );
  const lake = await openLake(settings, edge);
  const found: LakeVerification[] = [];
  for (const dataset of request.datasets) {
    for (const month of request.months ?? (await allMonths(lake, dataset))) {
      const verification = await verifyLakeMonth(lake, dataset, month);
      observe(verification);
      found.push(verification);
    }
  }
  return found;
}

/** Opens the lake for reading. @throws ConfigError */
export function openForReading(edge: Edge): Promise<Lake> {
  return openLake(parseLakeSettings(edge.environment), edge);
}
