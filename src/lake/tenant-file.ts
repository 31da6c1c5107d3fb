/** One Parquet file of one tenant: made, proven by reading it back, and recorded. Nobody's query sees it yet. */
import { version as programVersion } from "../../package.json";
import { PARQUET_MEDIA_TYPE, parquetFile } from "../platform/format/parquet";
import type { Month } from "../platform/month";
import type { Bucket } from "./buckets";
import { definitionSha256, type ExtractDataset } from "./dataset";
import { objectKey, uriOf } from "./keys";
import type { Lineage, LineageTable } from "./lineage";
import type { PublishedMonth, SourceFile } from "./published-month";
import { sourceRows } from "./source-rows";
import { type Content, expectContent, readBack } from "./stored-file";
import type { Tenant } from "./tenants";
import { uploadObject, type Written } from "./upload";

/** A month of a dataset, as its manifest names it. */
export interface SourceMonth {
  readonly dataset: ExtractDataset;
  readonly month: Month;
  readonly source: Bucket;
  readonly manifestKey: string;
  readonly published: PublishedMonth;
}

export interface TenantFile {
  readonly tenant: Tenant;
  readonly bucket: Bucket;
  readonly file: SourceFile;
  /** The Parquet file's key. */
  readonly key: string;
}

/** What was done to a tenant's file, in this order. */
export type FileStep = "staged" | "completed" | "proven" | "recorded";

export interface Making {
  readonly lineage: LineageTable;
  readonly runId: string;
  readonly now: () => Date;
  readonly observe: (step: FileStep, file: TenantFile) => void | Promise<void>;
}

export function tenantFile(
  { dataset, month }: SourceMonth,
  tenant: Tenant,
  bucket: Bucket,
  file: SourceFile,
): TenantFile {
  return { tenant, bucket, file, key: objectKey(dataset.name, month, file.sha256) };
}

/**
 * @throws DataError, DefinitionError or VerificationError if the source is not what its manifest or the dataset says;
 *   ReconciliationError if the Parquet file, read back, has other totals; ConflictError, StorageError.
 */
export async function makeTenantFile(source: SourceMonth, target: TenantFile, making: Making): Promise<void> {
  const { bucket, key } = target;
  const { version, written } = await upload(source, target, making);
  await making.observe("completed", target);
  const found = await readBack(source.dataset, bucket, key, version, written.byteCount);
  expectContent(uriOf(bucket.name, key), found, target.file, "the manifest");
  await making.observe("proven", target);
  await making.lineage.record(lineageOf(source, target, written, found, making));
  await making.observe("recorded", target);
}

function upload(
  { dataset, month, source, published }: SourceMonth,
  target: TenantFile,
  making: Making,
): ReturnType<typeof uploadObject> {
  const { bucket, key, file } = target;
  const rows = sourceRows(source, dataset, { month, columns: published.columns }, file);
  const metadata = { dataset: dataset.name, month, source_sha256: file.sha256 };
  const bytes = parquetFile(dataset.columns, rows, { metadata });
  return uploadObject(bucket, key, bytes, PARQUET_MEDIA_TYPE, () => making.observe("staged", target));
}

function lineageOf(
  { dataset, month, source, manifestKey, published }: SourceMonth,
  { tenant, bucket, key, file }: TenantFile,
  { sha256, byteCount }: Written,
  { rowCount, totals }: Content,
  { runId, now }: Making,
): Lineage {
  const { revision, publishedAt, query, source: database } = published;
  return {
    schemaVersion: 1,
    object: { bucket: bucket.name, key, sha256, byteCount },
    ...{ tenant: tenant.id, dataset: dataset.name, month },
    definition: { sha256: definitionSha256(dataset) },
    ...{ rowCount, totals },
    parents: [
      {
        ...{ bucket: source.name, key: file.key, versionId: file.versionId, sha256: file.sha256 },
        manifest: {
          key: manifestKey,
          revision,
          runId: published.runId,
          publishedAt,
          query,
          source: database,
        },
      },
    ],
    program: { version: programVersion },
    ...{ runId, recordedAt: now().toISOString() },
  };
}
