/**
 * The files that are made of a raw file that is right: the checked rows in `processed/`, and from these the Parquet file,
 * proven by reading it back. Both are recorded. No query sees them yet.
 */
import { createHash } from "node:crypto";

import { version as programVersion } from "../../../package.json";
import type { ObjectVersion } from "../../platform/bucket/object-store";
import { ReconciliationError, StorageError } from "../../platform/errors";
import { PARQUET_MEDIA_TYPE, parquetFile } from "../../platform/format/parquet";
import type { Bucket } from "../buckets";
import { definitionSha256 } from "../dataset";
import { objectKey, uriOf } from "../keys";
import type { Lineage } from "../lineage";
import type { RawDataset } from "../raw-dataset";
import type { TenantLake } from "../tenant-lake";
import { expectContent, readBack } from "../tenant-file";
import type { Tenant } from "../tenants";
import { uploadObject, type Written } from "../upload";
import { jsonLines, NDJSON_MEDIA_TYPE, rowsOfLines } from "./json-lines";
import type { CheckedFile } from "./raw-check";
import { processedKey } from "./raw-key";
import { refinedRows } from "./raw-rows";

/** A version of a raw file. */
export interface RawFile {
  readonly tenant: Tenant;
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string;
  readonly isGzip: boolean;
}

/** What was done, in this order. */
export type RefinedStep = "processed" | "completed" | "proven" | "recorded";

/** An object that was made, to be the parent of the next one. */
export interface Made {
  readonly key: string;
  readonly version: ObjectVersion;
  readonly written: Written;
}

/**
 * @throws ReconciliationError if the Parquet file, read back, is not what was checked; ConflictError, StorageError.
 */
export async function makeRefinedFiles(
  lake: TenantLake,
  dataset: RawDataset,
  file: RawFile,
  checked: CheckedFile,
  observe: (step: RefinedStep) => void | Promise<void>,
): Promise<void> {
  const { tenant, bucket } = file;
  const { month, contentSha256 } = checked;
  const record = ({ key, written }: Made, parents: Lineage["parents"]): Promise<void> =>
    lake.lineage.record({
      schemaVersion: 1,
      object: { bucket: bucket.name, key, ...written },
      ...{ tenant: tenant.id, dataset: dataset.name, month },
      definition: { sha256: definitionSha256(dataset) },
      ...{ rowCount: checked.rowCount, totals: checked.totals, parents },
      program: { version: programVersion },
      ...{ runId: lake.runId, recordedAt: lake.now().toISOString() },
    });

  const key = processedKey(dataset.name, month, contentSha256);
  const lines = jsonLines(dataset.columns, checkedRows(dataset, file, checked));
  const processed = { key, ...(await uploadObject(bucket, key, lines, NDJSON_MEDIA_TYPE)) };
  const raw = { bucket: bucket.name, key: file.key, versionId: file.versionId, sha256: checked.sha256 };
  await record(processed, [raw]);
  await observe("processed");

  const made = await makeParquet(bucket, dataset, [processed], {
    key: objectKey(dataset.name, month, contentSha256),
    metadata: { dataset: dataset.name, month, source_sha256: contentSha256 },
  });
  await observe("completed");
  const found = await readBack(dataset, bucket, made.key, made.version, made.written.byteCount);
  expectContent(
    uriOf(bucket.name, made.key),
    found,
    { rowCount: checked.rowCount, ...checked.totals },
    "the file",
  );
  await observe("proven");
  await record(made, [parentOf(bucket, processed)]);
  await observe("recorded");
}

export function parentOf({ name }: Bucket, { key, version, written }: Made): Lineage["parents"][number] {
  return { bucket: name, key, versionId: version.versionId, sha256: written.sha256 };
}

/** Makes a Parquet file of checked rows. */
export async function makeParquet(
  bucket: Bucket,
  dataset: RawDataset,
  processed: readonly Made[],
  { key, metadata }: { readonly key: string; readonly metadata: Readonly<Record<string, string>> },
): Promise<Made> {
  async function* rows() {
    for (const { key: source, version, written } of processed) {
      const bytes = await bucket.objects.open(source, version.versionId);
      if (bytes === undefined) throw changed(uriOf(bucket.name, source));
      const hash = createHash("sha256");
      for await (const batch of rowsOfLines(dataset.columns, bytes, hash)) yield batch;
      if (hash.digest("hex") !== written.sha256) throw changed(uriOf(bucket.name, source));
    }
  }
  const bytes = parquetFile(dataset.columns, rows(), { metadata });
  return { key, ...(await uploadObject(bucket, key, bytes, PARQUET_MEDIA_TYPE)) };
}

/** The rows once more, now that all of them are known to be right. */
async function* checkedRows(dataset: RawDataset, file: RawFile, checked: CheckedFile) {
  const { bucket, key, versionId, isGzip } = file;
  const bytes = await bucket.objects.open(key, versionId);
  if (bytes === undefined) {
    throw new StorageError(`${uriOf(bucket.name, key)} has lost its version ${versionId}`, {
      retry: true,
      hint: "Find out who removes versions from raw/.",
    });
  }
  const hash = createHash("sha256");
  let problemCount = 0;
  yield* refinedRows(dataset, bytes, isGzip, () => (problemCount += 1), hash);
  if (problemCount > 0 || hash.digest("hex") !== checked.contentSha256)
    throw changed(uriOf(bucket.name, key));
}

function changed(uri: string): ReconciliationError {
  return new ReconciliationError(`${uri} has changed while it was read`, {
    hint: "Find out who else writes to this bucket, then refine the file again. No query sees it.",
  });
}
