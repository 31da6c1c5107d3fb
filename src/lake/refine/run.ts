/** Where Lambda and command line meet for the tenants' own files. */
import type { Edge } from "../../platform/edge";
import { BatchError, ConfigError, RequestError } from "../../platform/errors";
import { hasEnded, isMonth, type Month } from "../../platform/month";
import { createdObject } from "../../platform/bucket/object-event";
import { eachAtOnce, eachToItsEnd, expectNoFailure } from "../../platform/parallel";
import { publish } from "../announcement";
import type { Dataset } from "../dataset";
import { deliveryDatasets, rawDatasets } from "../datasets";
import { parseUri, uriOf } from "../keys";
import type { RefineSettings } from "../settings";
import { openTenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { type Compaction, compactMonth, expectEnded } from "./compaction";
import { machineMessage, rejectionNotice } from "./messages";
import { updateList } from "./month-list";
import { refineFile, type RawStep, type RawSummary, type RawTask, type Refining } from "./raw-file";
import { RAW_FOLDER } from "./raw-key";

export interface RefineObserver {
  readonly step?: (event: { readonly step: RawStep; readonly file: string }) => void | Promise<void>;
  /** Called with each file when it is done. */
  readonly file?: (summary: RawSummary) => void | Promise<void>;
  /** Called with what has failed, where it stops nothing else: a tenant, a file or a month. */
  readonly failed?: (what: string, error: unknown) => void;
}

export interface CompactionObserver extends Pick<RefineObserver, "failed"> {
  /** Called with each month when it is done. */
  readonly compacted?: (compaction: Compaction) => void | Promise<void>;
}

const TENANTS_AT_ONCE = 4;
/** For each tenant. */
const REQUESTS_AT_ONCE = 4;

export async function openRefining(
  settings: RefineSettings,
  edge: Edge,
  { step }: RefineObserver = {},
): Promise<Refining> {
  const lake = await openTenantLake(settings, edge);
  const { topicArn, notifyTopicArn } = settings;
  return {
    ...lake,
    announce: async (summary) => {
      if (topicArn !== undefined) await publish(edge, topicArn, machineMessage(summary, edge.runId));
      const notice = rejectionNotice(summary);
      if (notifyTopicArn !== undefined && notice !== undefined) await publish(edge, notifyTopicArn, notice);
    },
    observe: step ?? (() => undefined),
  };
}

/**
 * One file by its URI. @throws RequestError if it is not the URI of a raw file; ConfigError if no tenant has its bucket.
 */
export async function refineOne(refining: Refining, uri: string, task: RawTask): Promise<RawSummary> {
  const address = parseUri(uri);
  if (!address?.key.startsWith(RAW_FOLDER)) {
    throw new RequestError(`${uri} is not the URI of a raw file`, {
      hint: "Name the file as s3://<bucket>/raw/<dataset>/<file>.csv.",
    });
  }
  return refineFile(refining, tenantOf(refining, address.bucket), address.key, task);
}

/**
 * What a message in the queue asks for: the file of an event of S3, or all files.
 *
 * @throws RequestError if it is neither; ConfigError if no tenant has the bucket; what {@link refineFile} throws.
 */
export async function refineQueued(
  refining: Refining,
  body: string,
  observer: RefineObserver,
): Promise<void> {
  const created = createdObject(body);
  if (created === undefined) {
    if (!isRequestForAll(body)) {
      throw new RequestError('this message is neither an event of S3 about a new object nor {"all": true}', {
        hint: "Find out what else writes to the queue, and remove the message from the dead-letter queue.",
      });
    }
    const ended = await refineAll(refining, observer);
    expectAllDone(
      ended,
      ended.done.map(({ file }) => file),
    );
    return;
  }
  // A folder that somebody made in the console.
  if (created.key.endsWith("/")) return;
  const summary = await refineFile(refining, tenantOf(refining, created.bucket), created.key);
  await observer.file?.(summary);
}

function isRequestForAll(body: string): boolean {
  try {
    return JSON.stringify(JSON.parse(body)) === '{"all":true}';
  } catch {
    return false;
  }
}

function tenantOf({ settings }: Refining, bucket: string): Tenant {
  const tenant = settings.tenants.find((each) => settings.bucketOf(each).bucket === bucket);
  if (tenant !== undefined) return tenant;
  throw new ConfigError(`no tenant of tenants.json has the bucket ${bucket}`, {
    hint: "Add the tenant to tenants.json and deploy, then redrive the dead-letter queue. Nothing was written.",
  });
}

/** What became of everything that was asked for. */
export interface Ended<Done> {
  readonly done: readonly Done[];
  /** Errors of single tenants, files and months, which have stopped nothing else. */
  readonly failures: readonly unknown[];
}

/**
 * Takes every raw file that is not taken yet, and makes every list again that is not what it should be: for events that
 * were lost. What fails of a tenant stops nothing else.
 */
export async function refineAll(
  refining: Refining,
  { file: observeFile, failed }: RefineObserver = {},
): Promise<Ended<RawSummary>> {
  return eachTenant(refining, failed, async (tenant) => {
    const bucket = refining.open(refining.settings.bucketOf(tenant));
    const keys: string[] = [];
    for await (const key of bucket.versions.list(RAW_FOLDER)) if (!key.endsWith("/")) keys.push(key);
    const files = await eachToItsEnd(
      keys,
      REQUESTS_AT_ONCE,
      async (key) => {
        const summary = await refineFile(refining, tenant, key);
        await observeFile?.(summary);
        return summary;
      },
      (key, error) => failed?.(uriOf(bucket.name, key), error),
    );
    const months = await monthsOfTenant(refining, tenant, rawDatasets);
    const lists = await eachToItsEnd(
      months,
      REQUESTS_AT_ONCE,
      ({ dataset, month }) => updateList(refining, { tenant, dataset: dataset.name, month }),
      ({ dataset, month }, error) => failed?.(`${tenant.id} ${dataset.name} ${month}`, error),
    );
    return { done: files.results, failures: [...files.failures, ...lists.failures] };
  });
}

/**
 * Compacts a month of every tenant, of each dataset whose months have many files. What fails stops nothing else.
 *
 * @param month undefined for every month that has ended.
 * @throws RequestError if it has not ended.
 */
export async function compactAll(
  refining: Refining,
  month: Month | undefined,
  { compacted, failed }: CompactionObserver = {},
): Promise<Ended<Compaction>> {
  const now = refining.now();
  if (month !== undefined) expectEnded(month, now);
  const datasets: readonly Dataset[] = [...deliveryDatasets, ...rawDatasets];
  return eachTenant(refining, failed, async (tenant) => {
    const found = await monthsOfTenant(refining, tenant, datasets);
    const wanted = found.filter((each) =>
      month === undefined ? hasEnded(each.month, now) : each.month === month,
    );
    const { results: done, failures } = await eachToItsEnd(
      wanted,
      1,
      async (each) => {
        const compaction = await compactMonth(refining, each.dataset, tenant, each.month);
        await compacted?.(compaction);
        return compaction;
      },
      (each, error) => failed?.(`${tenant.id} ${each.dataset.name} ${each.month}`, error),
    );
    return { done, failures };
  });
}

async function eachTenant<Done>(
  { settings }: Refining,
  failed: RefineObserver["failed"],
  action: (tenant: Tenant) => Promise<Ended<Done>>,
): Promise<Ended<Done>> {
  const { results, failures } = await eachToItsEnd(
    settings.tenants,
    TENANTS_AT_ONCE,
    action,
    ({ id }, error) => failed?.(id, error),
  );
  return {
    done: results.flatMap(({ done }) => done),
    failures: [...failures, ...results.flatMap((each) => each.failures)],
  };
}

/** @throws the first failure, with what is done. */
export function expectAllDone({ failures }: Ended<unknown>, done: readonly string[]): void {
  const [first] = failures;
  if (first instanceof BatchError) first.done = done;
  expectNoFailure(failures);
}

/** Every month of those of the datasets that the tenant has. */
async function monthsOfTenant<Kind extends Dataset>(
  refining: Refining,
  tenant: Tenant,
  datasets: readonly Kind[],
): Promise<{ readonly dataset: Kind; readonly month: Month }[]> {
  const own = datasets.filter(({ name }) => tenant.datasets.includes(name));
  const found = await eachAtOnce(own, REQUESTS_AT_ONCE, async (dataset) =>
    (await monthsOf(refining, tenant, dataset.name)).map((month) => ({ dataset, month })),
  );
  return found.flat();
}

/** The months of which the tenant has files or a list, in order. */
export async function monthsOf(
  { open, settings }: Pick<Refining, "open" | "settings">,
  tenant: Tenant,
  dataset: string,
): Promise<Month[]> {
  const { versions } = open(settings.bucketOf(tenant));
  const months = new Set<Month>();
  for (const folder of ["analytics-ready", "tables"]) {
    for await (const key of versions.list(`${folder}/${dataset}/`)) {
      const [, year = "", month = ""] = /\/year=(\d{4})\/month=(\d\d)\//.exec(key) ?? [];
      const found = `${year}-${month}`;
      if (isMonth(found)) months.add(found);
    }
  }
  return [...months].sort();
}
