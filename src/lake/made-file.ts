/** A file that is made of rows of one month: written, proven by reading it back, and recorded with what it was made of. */
import { version as programVersion } from "../../package.json";
import type { ObjectVersion } from "../platform/bucket/object-store";
import { PARQUET_MEDIA_TYPE, parquetFile, type TextRow } from "../platform/format/parquet";
import type { Month } from "../platform/month";
import type { Bucket } from "./buckets";
import { type Dataset, definitionSha256 } from "./dataset";
import { objectKey, uriOf } from "./keys";
import type { Lineage } from "./lineage";
import { type Content, expectContent, readBack } from "./stored-file";
import type { TenantLake } from "./tenant-lake";
import type { Tenant } from "./tenants";
import { uploadObject, type Written } from "./upload";

/** A month of a dataset in a tenant's bucket. */
export interface MonthPlace {
  readonly tenant: Tenant;
  readonly bucket: Bucket;
  readonly dataset: Dataset;
  readonly month: Month;
}

/** An object that was made, to be the parent of the next one. */
export interface Made {
  readonly key: string;
  readonly version: ObjectVersion;
  readonly written: Written;
}

/** @param sourceSha256 names the file, so a retry writes the same bytes to the same key. */
export async function makeParquet(
  { bucket, dataset, month }: MonthPlace,
  sourceSha256: string,
  rows: AsyncIterable<readonly TextRow[]>,
): Promise<Made> {
  const key = objectKey(dataset.name, month, sourceSha256);
  const metadata = { dataset: dataset.name, month, source_sha256: sourceSha256 };
  const bytes = parquetFile(dataset.columns, rows, { metadata });
  return { key, ...(await uploadObject(bucket, key, bytes, PARQUET_MEDIA_TYPE)) };
}

/**
 * Reads the file back and compares it with what its source states: the row count and the control totals by their names.
 *
 * @throws ReconciliationError that names every difference.
 */
export async function proveParquet(
  { bucket, dataset }: MonthPlace,
  { key, version, written }: Made,
  stated: Readonly<Record<string, unknown>>,
  source: string,
): Promise<Content> {
  const found = await readBack(dataset, bucket, key, version, written.byteCount);
  expectContent(uriOf(bucket.name, key), found, stated, source);
  return found;
}

/** Records a file of the month, in the tenant's bucket or in another one. */
export function recordMade(
  { lineage, runId, now }: TenantLake,
  { tenant, dataset, month }: MonthPlace,
  object: Lineage["object"],
  { rowCount, totals }: Content,
  parents: Lineage["parents"],
): Promise<void> {
  return lineage.record({
    schemaVersion: 1,
    object,
    ...{ tenant: tenant.id, dataset: dataset.name, month },
    definition: { sha256: definitionSha256(dataset) },
    ...{ rowCount, totals, parents },
    program: { version: programVersion },
    ...{ runId, recordedAt: now().toISOString() },
  });
}

export function objectOf({ name }: Bucket, { key, written }: Made): Lineage["object"] {
  return { bucket: name, key, ...written };
}

export function parentOf({ name }: Bucket, { key, version, written }: Made): Lineage["parents"][number] {
  return { bucket: name, key, versionId: version.versionId, sha256: written.sha256 };
}
