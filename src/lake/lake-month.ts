/**
 * A month of a dataset on its way into the lake. Each tenant's file is made and proven first; then each tenant's list
 * names it, which is when that tenant's queries see the month, whole; last, the month's record says that it is there for
 * all tenants. Every step may be repeated.
 */
import type { ObjectVersion } from "../platform/bucket/object-store";
import { ConfigError, ConflictError } from "../platform/errors";
import type { Notice } from "../platform/lambda/notice";
import type { Month } from "../platform/month";
import { announcementOf, messageOf } from "./announcement";
import type { Bucket } from "./buckets";
import type { ExtractDataset } from "./dataset";
import { listKey, objectFolder, uriOf } from "./keys";
import type { LakeMonth } from "./lineage";
import { eachAtOnce } from "../platform/parallel";
import { manifestKey, readPublishedMonth } from "./published-month";
import type { LakeSettings } from "./settings";
import type { TenantLake } from "./tenant-lake";
import { type FileStep, makeTenantFile, type SourceMonth, type TenantFile, tenantFile } from "./tenant-file";
import type { Tenant } from "./tenants";

/**
 * What a run did to a month: `published` where it was not there; `unchanged`; `restated` where it had another revision or
 * other files; `withdrawn`; `missing` if the extract has not published it.
 */
export type LakeOutcome = "published" | "unchanged" | "restated" | "withdrawn" | "missing";

export interface LakeMonthSummary {
  readonly dataset: string;
  readonly month: Month;
  readonly status: LakeOutcome;
  /** That of the manifest; missing if the month is, or is made of deliveries. */
  readonly revision?: number;
  /** Of a dataset that is made of deliveries: the files that this run has made. */
  readonly objects: LakeMonth["objects"];
  /** Deliveries whose rows had expired before the lake could take them; missing if there are none. */
  readonly goneCount?: number;
}

/**
 * A step of a month, in this order; those between `staged` and `recorded` once for each tenant's file. A delivery is also
 * `entered` before it is listed, and `settled` instead of `month recorded`.
 */
export type LakeStep =
  FileStep | "entered" | "listed" | "announced" | "month recorded" | "cleaned" | "settled";

export interface LakeEvent {
  readonly step: LakeStep;
  readonly dataset: string;
  readonly month: Month;
  readonly tenant?: string;
  readonly key?: string;
}

export interface Lake extends TenantLake {
  readonly settings: LakeSettings;
  /** Sends a message about a month. It comes before the month's record, so that a run that dies repeats it. */
  readonly announce: (message: Notice) => Promise<void>;
  /** Awaited, so that a test can stop a run at any step. */
  readonly observe: (event: LakeEvent) => void | Promise<void>;
}

/** Each holds a row group in memory, twice while it is written. */
const FILES_AT_ONCE = 2;
const REQUESTS_AT_ONCE = 16;

/** What a tenant's queries see of the month now. */
interface Visible {
  readonly tenant: Tenant;
  readonly bucket: Bucket;
  readonly list: { readonly text: string; readonly version: ObjectVersion } | undefined;
}

/**
 * Brings the lake to what the extract has published of the month.
 *
 * @param remake makes each file again, even if it is there.
 * @throws ConfigError if a bank has no tenant; ConflictError if another run was faster; what {@link makeTenantFile} throws.
 *   What queries see is then what they saw before, or what is published now, for each tenant by itself.
 */
export async function bringMonth(
  lake: Lake,
  dataset: ExtractDataset,
  month: Month,
  remake: boolean,
): Promise<LakeMonthSummary> {
  const { settings, open, lineage } = lake;
  const tenants = settings.tenants.filter(({ datasets }) => datasets.includes(dataset.name));
  // Before the manifest: of two runs, the one that has read an older manifest then can't write its lists any more.
  const visible = await eachAtOnce(tenants, REQUESTS_AT_ONCE, async (tenant): Promise<Visible> => {
    const bucket = open(settings.bucketOf(tenant));
    return { tenant, bucket, list: await bucket.objects.read(listKey(dataset.name, month)) };
  });
  const before = await lineage.readMonth(dataset.name, month);

  const source = open(settings.source.bucket);
  const key = manifestKey(settings.source.prefix, dataset, month);
  const published = await readPublishedMonth(source, key, dataset, month);
  if (published === undefined) return { dataset: dataset.name, month, status: "missing", objects: [] };

  const sourceMonth: SourceMonth = { dataset, month, source, manifestKey: key, published };
  const files = filesOf(sourceMonth, visible, settings.tenants);
  const isListed = (file: TenantFile) => listOf(visible, file.tenant)?.list?.text === listText([file]);
  const present = await presentKeys(visible, dataset, month);
  const wanted = files.filter(
    (file) => remake || !isListed(file) || !present.has(uriOf(file.bucket.name, file.key)),
  );
  await eachAtOnce(wanted, FILES_AT_ONCE, (file) =>
    makeTenantFile(sourceMonth, file, {
      ...lake,
      observe: (step, { tenant }) =>
        lake.observe({ step, dataset: dataset.name, month, tenant: tenant.id, key: file.key }),
    }),
  );
  const isChanged = await writeLists(lake, sourceMonth, visible, files);
  const record: LakeMonth = {
    schemaVersion: 1,
    ...{ dataset: dataset.name, month, state: published.state, revision: published.revision, manifest: key },
    objects: files.map(({ tenant, bucket, key: objectKey, file }) => ({
      ...{ tenant: tenant.id, bucket: bucket.name, key: objectKey, rowCount: file.rowCount },
    })),
    ...{ runId: lake.runId, recordedAt: lake.now().toISOString() },
  };
  const isRecorded = before !== undefined && isSameMonth(before, record);
  if (!isRecorded) {
    await lake.announce(messageOf(announcementOf(record)));
    await lake.observe({ step: "announced", dataset: dataset.name, month });
    await lineage.writeMonth(record);
    await lake.observe({ step: "month recorded", dataset: dataset.name, month });
  }
  const { state, revision } = published;
  const isUnchanged = isRecorded && !isChanged && wanted.length === 0;
  if (!isUnchanged || present.size > files.length) await clean(lake, sourceMonth, visible, files);
  return {
    ...{ dataset: dataset.name, month, revision, objects: record.objects },
    status: isUnchanged
      ? "unchanged"
      : state === "withdrawn"
        ? state
        : before === undefined
          ? "published"
          : "restated",
  };
}

/** @throws ConfigError that names the banks without a tenant. */
function filesOf(source: SourceMonth, visible: readonly Visible[], tenants: readonly Tenant[]): TenantFile[] {
  const known = new Set(tenants.map(({ bankId }) => bankId));
  const strangers = source.published.files.filter(({ bankId }) => !known.has(bankId));
  if (strangers.length > 0) {
    const names = strangers
      .map(({ bankId, bankName }) => `${JSON.stringify(bankName)} (bank ${bankId})`)
      .join(", ");
    throw new ConfigError(`no tenant has the bank of these files of ${source.month}: ${names}`, {
      hint: "Add each bank to tenants.json, apply Terraform and deploy; a tenant may have no datasets. Nothing was written.",
    });
  }
  return visible.flatMap(({ tenant, bucket }) => {
    const file = source.published.files.find(({ bankId }) => bankId === tenant.bankId);
    return file === undefined ? [] : [tenantFile(source, tenant, bucket, file)];
  });
}

function listOf(visible: readonly Visible[], { id }: Tenant): Visible | undefined {
  return visible.find(({ tenant }) => tenant.id === id);
}

/** One line for each object: what the format `SymlinkTextInputFormat` reads. */
function listText(files: readonly TenantFile[]): string {
  return files.map(({ bucket, key }) => `${uriOf(bucket.name, key)}\n`).join("");
}

/** The URIs of all Parquet files of the month, listed or not. */
async function presentKeys(
  visible: readonly Visible[],
  dataset: ExtractDataset,
  month: Month,
): Promise<ReadonlySet<string>> {
  const keys = await eachAtOnce(visible, REQUESTS_AT_ONCE, async ({ bucket }) => {
    const uris: string[] = [];
    for await (const key of bucket.versions.list(objectFolder(dataset.name, month)))
      uris.push(uriOf(bucket.name, key));
    return uris;
  });
  return new Set(keys.flat());
}

/**
 * Makes each tenant's list name its file, or nothing.
 *
 * @returns whether any list has changed.
 */
async function writeLists(
  lake: Lake,
  { dataset, month }: SourceMonth,
  visible: readonly Visible[],
  files: readonly TenantFile[],
): Promise<boolean> {
  const key = listKey(dataset.name, month);
  const changed = await eachAtOnce(visible, REQUESTS_AT_ONCE, async ({ tenant, bucket, list }) => {
    const text = listText(files.filter((file) => file.tenant.id === tenant.id));
    if (text === (list?.text ?? "")) return false;
    // An empty list would do as well, but without one the month's folder is as if it had never been there.
    if (text === "" && list !== undefined) await bucket.objects.remove(key, list.version);
    else await bucket.objects.put(key, text, "text/plain", list?.version);
    await lake.observe({ step: "listed", dataset: dataset.name, month, tenant: tenant.id, key });
    return true;
  });
  return changed.includes(true);
}

function isSameMonth(before: LakeMonth, now: LakeMonth): boolean {
  const decisive = ({ state, revision, manifest, objects }: LakeMonth) =>
    JSON.stringify([state, revision, manifest, objects]);
  return decisive(before) === decisive(now);
}

/**
 * Puts delete markers over the month's files that no list names: of earlier revisions, and of runs that died. Where
 * another run has written a list since, cleaning is that run's task.
 *
 * @throws ConflictError if a file that a list names is gone: another run has removed it as one of an earlier revision.
 */
async function clean(
  lake: Lake,
  { dataset, month }: SourceMonth,
  visible: readonly Visible[],
  files: readonly TenantFile[],
): Promise<void> {
  let removedCount = 0;
  const missing = await eachAtOnce(visible, REQUESTS_AT_ONCE, async ({ tenant, bucket }) => {
    const own = files.filter((file) => file.tenant.id === tenant.id);
    const list = await bucket.objects.read(listKey(dataset.name, month));
    if ((list?.text ?? "") !== listText(own)) return [];
    const wanted = new Set(own.map(({ key }) => key));
    for await (const key of bucket.versions.list(objectFolder(dataset.name, month))) {
      if (wanted.delete(key)) continue;
      const version = await bucket.objects.head(key);
      if (version === undefined) continue;
      await bucket.objects.remove(key, version);
      removedCount += 1;
    }
    return [...wanted].map((key) => uriOf(bucket.name, key));
  });
  if (removedCount > 0) await lake.observe({ step: "cleaned", dataset: dataset.name, month });
  const gone = missing.flat();
  if (gone.length === 0) return;
  throw new ConflictError(`another run has removed ${gone.join(", ")} in the meantime`, {
    hint: "Wait until the other run has ended; the next one makes the files again.",
  });
}
