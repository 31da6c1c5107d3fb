/**
 * The way of one raw file: the lake is brought to what the file is now. Everything depends on the version that the key
 * holds, nothing on the event that led here. So events that come twice, late or in another order end the same, and every
 * step may be repeated.
 */
import { ConflictError, RequestError } from "../../platform/errors";
import type { Bucket } from "../buckets";
import { datasetNamed, rawDatasets } from "../datasets";
import { objectKey, uriOf } from "../keys";
import type { TenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { updateList } from "./month-list";
import { type CheckedFile, checkRawFile, type WrongFile } from "./raw-check";
import { parseRawKey, processedKey } from "./raw-key";
import {
  type RawContent,
  type RawRecord,
  readEntries,
  readRawRecord,
  type TenantMonth,
  writeEntry,
  writeRawRecord,
} from "./records";
import { makeRefinedFiles, type RawFile, type RefinedStep } from "./refined-file";
import { writeReport } from "./report";

/** `gone`: there is no such object any more, and the lake never took it. */
export type RawOutcome = RawRecord["outcome"] | "unchanged" | "gone";

export interface RawSummary {
  readonly tenant: string;
  /** The file's URI. */
  readonly file: string;
  readonly dataset: string | undefined;
  readonly status: RawOutcome;
  /** The month that has the file's rows; missing if none has. */
  readonly month?: string;
  readonly rowCount?: number;
  /** Where the report is, and how many problems it has, if the file was rejected. */
  readonly report?: string;
  readonly problemCount?: number;
}

/** A step of a raw file, in this order. */
export type RawStep =
  "checked" | RefinedStep | "reported" | "noted" | "entered" | "listed" | "cleaned" | "announced" | "settled";

export interface Refining extends TenantLake {
  /** Sends messages about the file. They come before the file is settled, so that a run that dies repeats them. */
  readonly announce: (summary: RawSummary) => Promise<void>;
  /** Awaited, so that a test can stop a run at any step. */
  readonly observe: (event: { readonly step: RawStep; readonly file: string }) => void | Promise<void>;
}

/** What is asked of a file: to take it, to take it again although it is there, or to take its rows back. */
export type RawTask = "refine" | "again" | "withdraw";

/**
 * @throws RequestError if the bucket has no versioning, or the rows of an unknown file are to be withdrawn; ConflictError if
 *   another run was faster; what {@link makeRefinedFiles} throws. What queries see is then what they saw before.
 */
export async function refineFile(
  refining: Refining,
  tenant: Tenant,
  key: string,
  task: RawTask = "refine",
): Promise<RawSummary> {
  const { settings, open, items } = refining;
  const bucket = open(settings.bucketOf(tenant));
  const file = uriOf(bucket.name, key);
  const { dataset } = parseRawKey(key);
  const about = { tenant: tenant.id, file, dataset };
  // Before the version: of two runs, the one that has seen an older version then can't write its record any more.
  const before = await readRawRecord(items, bucket.name, key);
  const version = await bucket.versions.find(key, null);
  if (version === undefined && (before === undefined || task === "again")) {
    if (task === "refine") return { ...about, status: "gone" };
    throw unknown(file);
  }
  // What was taken stays in the lake when the file goes: raw/ may be kept for a shorter time.
  const versionId = version === undefined ? before?.versionId : version.versionId;
  if (typeof versionId !== "string") {
    throw new RequestError(`${file} has no version`, {
      hint: "Turn on versioning for the tenant's bucket, and write the file again.",
    });
  }
  const isTaken = before?.versionId === versionId && task === "refine";
  if (isTaken && before.isSettled)
    return { ...about, status: "unchanged", ...(before.content && { month: before.content.month }) };

  const { summary = {}, ...what } =
    task === "withdraw"
      ? withdrawn(before, file)
      : isTaken && (await hasFiles(bucket, dataset ?? "", before.content))
        ? resumed(bucket, before)
        : await refining.inTurn(() => take(refining, tenant, bucket, key, versionId, before));
  const record = await note(refining, bucket.name, key, before, { ...what, versionId });
  await bringMonthsTo(refining, tenant, bucket, key, dataset ?? "", record);
  const month = record.content?.month;
  const found = { ...about, status: record.outcome, ...(month && { month }), ...summary };
  await refining.announce(found);
  await refining.observe({ step: "announced", file });
  await writeRawRecord(items, bucket.name, key, { ...record, earlier: [], isSettled: true }, record.revision);
  await refining.observe({ step: "settled", file });
  return found;
}

type Taken = Pick<RawRecord, "outcome" | "content" | "report"> & {
  readonly summary?: Pick<RawSummary, "rowCount" | "report" | "problemCount">;
};

function withdrawn(before: RawRecord | undefined, file: string): Taken {
  if (before === undefined) throw unknown(file);
  return { outcome: "withdrawn", content: null, report: null };
}

/** For a run that has died after it had recorded what the lake is to have. */
function resumed({ name }: Bucket, { outcome, content, report }: RawRecord): Taken {
  return { outcome, content, report, ...(report !== null && { summary: { report: uriOf(name, report) } }) };
}

async function hasFiles({ objects }: Bucket, dataset: string, content: RawContent | null): Promise<boolean> {
  if (content === null) return true;
  return (await objects.head(objectKey(dataset, content.month, content.sha256))) !== undefined;
}

function unknown(file: string): RequestError {
  return new RequestError(`there is no ${file}, or the lake has never taken it`, {
    hint: "Name the file as s3://<bucket>/raw/<dataset>/<file>.csv.",
  });
}

/** Checks the file, and makes what follows from it: its files, or its report. */
async function take(
  refining: Refining,
  tenant: Tenant,
  bucket: Bucket,
  key: string,
  versionId: string,
  before: RawRecord | undefined,
): Promise<Taken> {
  const file = uriOf(bucket.name, key);
  const observe = (step: RawStep) => refining.observe({ step, file });
  const { dataset: name, isGzip } = parseRawKey(key);
  const raw: RawFile = { tenant, bucket, key, versionId, isGzip };
  const checked = await check(raw);
  await observe("checked");
  const dataset = datasetNamed(rawDatasets, name ?? "");
  if ("problems" in checked || dataset === undefined) {
    const { problemCount } = checked as WrongFile;
    const report = await writeReport(refining, raw, checked as WrongFile);
    await observe("reported");
    // What an earlier version has brought stays.
    const content = before?.content ?? null;
    const summary = { report: uriOf(bucket.name, report), problemCount };
    return { outcome: "rejected", content, report, summary };
  }
  await makeRefinedFiles(refining, dataset, raw, checked, observe);
  const content = { month: checked.month, sha256: checked.contentSha256 };
  return { outcome: "accepted", content, report: null, summary: { rowCount: checked.rowCount } };
}

/** A file whose name is wrong is not read. */
async function check({ tenant, bucket, key, versionId, isGzip }: RawFile): Promise<CheckedFile | WrongFile> {
  const { dataset: name, isCsv } = parseRawKey(key);
  const dataset = datasetNamed(rawDatasets, name ?? "");
  const known =
    tenant.datasets.filter((each) => datasetNamed(rawDatasets, each) !== undefined).join(", ") || "none";
  if (dataset === undefined || !tenant.datasets.includes(dataset.name)) {
    const folder =
      name === undefined ? "the key has no folder of a dataset" : `${name} is not a dataset of the tenant`;
    return wrong(`${folder}; its datasets of own files are: ${known}`);
  }
  if (!isCsv) return wrong("the name does not end in .csv or .csv.gz");
  const bytes = await bucket.objects.open(key, versionId);
  return bytes === undefined ? wrong("the version is gone") : checkRawFile(dataset, bytes, isGzip);
}

function wrong(reason: string): WrongFile {
  return { problems: [{ reason }], problemCount: 1 };
}

/** Records what the lake is to have of the file, and what it may have besides until it is settled. */
async function note(
  { items, runId, now, observe }: Refining,
  bucket: string,
  key: string,
  before: RawRecord | undefined,
  what: Pick<RawRecord, "outcome" | "content" | "report" | "versionId">,
): Promise<RawRecord> {
  const had = before === undefined ? [] : [...(before.content ? [before.content] : []), ...before.earlier];
  const record: RawRecord = {
    schemaVersion: 1,
    revision: (before?.revision ?? 0) + 1,
    ...what,
    earlier: had.filter((each) => !isSame(each, what.content)),
    isSettled: false,
    ...{ runId, recordedAt: now().toISOString() },
  };
  await writeRawRecord(items, bucket, key, record, before?.revision);
  await observe({ step: "noted", file: uriOf(bucket, key) });
  return record;
}

function isSame(one: RawContent, other: RawContent | null): boolean {
  return one.month === other?.month && one.sha256 === other.sha256;
}

/** Makes the months have what the record says, and nothing else of the file. */
async function bringMonthsTo(
  refining: Refining,
  tenant: Tenant,
  bucket: Bucket,
  key: string,
  dataset: string,
  { revision, content, earlier }: RawRecord,
): Promise<void> {
  const { items, observe } = refining;
  const file = uriOf(bucket.name, key);
  const monthOf = ({ month }: RawContent): TenantMonth => ({ tenant, dataset, month });
  const left = earlier.filter(({ month }) => month !== content?.month);
  // The months that lose the file come first: its rows are never counted twice.
  for (const each of [...left, ...(content ? [content] : [])]) {
    const parquet = each === content ? objectKey(dataset, each.month, each.sha256) : null;
    await writeEntry(items, monthOf(each), key, { revision, key: parquet });
    await observe({ step: "entered", file });
    await updateList(refining, monthOf(each));
    await observe({ step: "listed", file });
  }
  for (const each of earlier) await clean(refining, bucket, monthOf(each), each.sha256);
  if (earlier.length > 0) await observe({ step: "cleaned", file });
  if (content === null) return;
  if (await hasFiles(bucket, dataset, content)) return;
  throw new ConflictError(`another run has removed what was made of ${file}`, {
    hint: "Wait until the other run has ended; the next one makes the files again.",
  });
}

/** Puts delete markers over the objects of content that no file brings any more. */
async function clean(
  { items }: Refining,
  { objects }: Bucket,
  month: TenantMonth,
  sha256: string,
): Promise<void> {
  const parquet = objectKey(month.dataset, month.month, sha256);
  if ((await readEntries(items, month)).keys.includes(parquet)) return;
  for (const key of [parquet, processedKey(month.dataset, month.month, sha256)]) {
    const version = await objects.head(key);
    if (version !== undefined) await objects.remove(key, version);
  }
}
