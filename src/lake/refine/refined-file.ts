/**
 * The files that are made of a raw file that is right: the checked rows in `processed/`, and from these the Parquet file,
 * proven by reading it back. Both are recorded. No query sees them yet.
 */
import { createHash } from "node:crypto";

import { ReconciliationError, StorageError } from "../../platform/errors";
import type { TextRow } from "../../platform/format/parquet";
import type { Bucket } from "../buckets";
import { uriOf } from "../keys";
import { type Made, makeParquet, objectOf, parentOf, proveParquet, recordMade } from "../made-file";
import type { RawDataset } from "../raw-dataset";
import type { TenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { uploadObject } from "../upload";
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
  const { month, contentSha256, rowCount, totals } = checked;
  const place = { tenant, bucket, dataset, month };

  const key = processedKey(dataset.name, month, contentSha256);
  const lines = jsonLines(dataset.columns, checkedRows(dataset, file, checked));
  const processed = { key, ...(await uploadObject(bucket, key, lines, NDJSON_MEDIA_TYPE)) };
  const raw = { bucket: bucket.name, key: file.key, versionId: file.versionId, sha256: checked.sha256 };
  await recordMade(lake, place, objectOf(bucket, processed), checked, [raw]);
  await observe("processed");

  const made = await makeParquet(place, contentSha256, processedRows(dataset, bucket, processed));
  await observe("completed");
  await proveParquet(place, made, { rowCount, ...totals }, "the file");
  await observe("proven");
  await recordMade(lake, place, objectOf(bucket, made), checked, [parentOf(bucket, processed)]);
  await observe("recorded");
}

/** The rows of the version in `processed/` that was just written. */
async function* processedRows(
  { columns }: RawDataset,
  { name, objects }: Bucket,
  { key, version, written }: Made,
): AsyncGenerator<TextRow[]> {
  const bytes = await objects.open(key, version.versionId);
  if (bytes === undefined) throw changed(uriOf(name, key));
  const hash = createHash("sha256");
  yield* rowsOfLines(columns, bytes, hash);
  if (hash.digest("hex") !== written.sha256) throw changed(uriOf(name, key));
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
