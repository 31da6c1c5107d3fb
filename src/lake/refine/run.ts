/** Where Lambda and command line meet for the tenants' own files. */
import type { Edge } from "../../platform/edge";
import { BatchError, ConfigError, RequestError } from "../../platform/errors";
import { isMonth, type Month } from "../../platform/month";
import { createdObject } from "../../platform/bucket/object-event";
import { publish } from "../announcement";
import { rawDatasets } from "../datasets";
import { parseUri } from "../keys";
import { eachAtOnce } from "../../platform/parallel";
import type { RefineSettings } from "../settings";
import { openTenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { type Compaction, compactMonth } from "./compaction";
import { machineMessage, rejectionNotice } from "./messages";
import { updateList } from "./month-list";
import { refineFile, type RawStep, type RawSummary, type RawTask, type Refining } from "./raw-file";
import { RAW_FOLDER } from "./raw-key";

export interface RefineObserver {
  readonly step?: (event: { readonly step: RawStep; readonly file: string }) => void | Promise<void>;
  /** Called with each file when it is done. */
  readonly file?: (summary: RawSummary) => void | Promise<void>;
}

/** Files of a tenant that are looked at at once. Of each, a row group may be in memory. */
const FILES_AT_ONCE = 2;

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
    await refineAll(refining, observer);
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

/**
 * Takes every raw file that is not taken yet, and makes every list again that is not what it should be: for events that
 * were lost.
 *
 * @throws the first error, after all other files are done.
 */
export async function refineAll(
  refining: Refining,
  { file: observeFile }: RefineObserver = {},
): Promise<RawSummary[]> {
  const done: RawSummary[] = [];
  const failures: unknown[] = [];
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    await action().catch((error: unknown) => {
      failures.push(error);
    });
  };
  for (const tenant of refining.settings.tenants) {
    const { versions } = refining.open(refining.settings.bucketOf(tenant));
    const keys: string[] = [];
    for await (const key of versions.list(RAW_FOLDER)) if (!key.endsWith("/")) keys.push(key);
    await eachAtOnce(keys, FILES_AT_ONCE, (key) =>
      attempt(async () => {
        const summary = await refineFile(refining, tenant, key);
        done.push(summary);
        await observeFile?.(summary);
      }),
    );
    for (const dataset of rawDatasets.filter(({ name }) => tenant.datasets.includes(name)))
      for (const month of await monthsOf(refining, tenant, dataset.name))
        await attempt(async () => {
          await updateList(refining, { tenant, dataset: dataset.name, month });
        });
  }
  if (failures.length === 0) return done;
  const [first] = failures;
  if (first instanceof BatchError) first.done = done.map(({ file }) => file);
  throw first;
}

/**
 * Compacts a month of every tenant's datasets of own files.
 *
 * @param observe is called with each when it is done.
 * @throws RequestError if it has not ended; what {@link compactMonth} throws.
 */
export async function compactAll(
  refining: Refining,
  month: Month,
  observe: (compaction: Compaction) => void = () => undefined,
): Promise<Compaction[]> {
  const done: Compaction[] = [];
  for (const tenant of refining.settings.tenants)
    for (const dataset of rawDatasets.filter(({ name }) => tenant.datasets.includes(name))) {
      const compaction = await compactMonth(refining, dataset, tenant, month);
      done.push(compaction);
      observe(compaction);
    }
  return done;
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
