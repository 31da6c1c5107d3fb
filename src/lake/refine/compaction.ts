/**
 * Joins the Parquet files of a closed month into one. The joined file is made and proven first; then the list names it
 * instead, by one write. The single files stay: if another file of the month comes later, the list names them again.
 */
import { version as programVersion } from "../../../package.json";
import { ReconciliationError, RequestError } from "../../platform/errors";
import { hasEnded, type Month } from "../../platform/month";
import { definitionSha256 } from "../dataset";
import { objectKey, uriOf } from "../keys";
import type { Lineage } from "../lineage";
import type { RawDataset } from "../raw-dataset";
import { type Content, expectContent, readBack } from "../tenant-file";
import type { TenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { keysDigest, updateList } from "./month-list";
import { readEntries, writeCompacted } from "./records";
import { makeParquet } from "./refined-file";

export interface Compaction {
  readonly tenant: string;
  readonly dataset: string;
  readonly month: Month;
  /** `unchanged` if the month has one file at most, or the joined file is there. */
  readonly status: "compacted" | "unchanged";
  /** The files that the joined one replaces. */
  readonly fileCount: number;
}

/**
 * @throws RequestError if the month has not ended; ReconciliationError if the joined file, read back, does not have the
 *   rows and totals of the single ones; ConflictError, StorageError. What queries see is then what they saw before.
 */
export async function compactMonth(
  lake: TenantLake,
  dataset: RawDataset,
  tenant: Tenant,
  month: Month,
): Promise<Compaction> {
  if (!hasEnded(month, lake.now())) {
    throw new RequestError(`${month} has not ended (UTC)`, {
      hint: "Compact a month when no more files of it are expected.",
    });
  }
  const { items, lineage, open, settings } = lake;
  const place = { tenant, dataset: dataset.name, month };
  const about = { ...place, tenant: tenant.id };
  const { keys, compacted } = await readEntries(items, place);
  const digest = keysDigest(keys);
  if (keys.length < 2 || compacted.has(digest)) {
    await updateList(lake, place);
    return { ...about, status: "unchanged", fileCount: keys.length };
  }
  const bucket = open(settings.bucketOf(tenant));
  const singles = await Promise.all(
    keys.map(async (key) => latest(await lineage.find(bucket.name, key), uriOf(bucket.name, key))),
  );
  const parents = singles.flatMap((single) => single.parents);
  const made = await makeParquet(bucket, dataset, parents, {
    key: objectKey(dataset.name, month, digest),
    metadata: { dataset: dataset.name, month, source_sha256: digest },
  });
  const found = await readBack(dataset, bucket, made.key, made.version, made.written.byteCount);
  expectContent(uriOf(bucket.name, made.key), found, sumOf(singles), "the single files");
  await lineage.record({
    schemaVersion: 1,
    object: { bucket: bucket.name, key: made.key, ...made.written },
    ...about,
    definition: { sha256: definitionSha256(dataset) },
    ...{ ...found, parents },
    program: { version: programVersion },
    ...{ runId: lake.runId, recordedAt: lake.now().toISOString() },
  });
  await writeCompacted(items, place, digest, made.key);
  await updateList(lake, place);
  return { ...about, status: "compacted", fileCount: keys.length };
}

function latest(items: readonly Lineage[], uri: string): Lineage {
  const [last] = [...items].sort((one, other) => (one.recordedAt < other.recordedAt ? 1 : -1));
  if (last !== undefined) return last;
  throw new ReconciliationError(`${uri} has no lineage`, {
    hint: "Refine its raw file again: npx bank-batch refine FILE --again.",
  });
}

function sumOf(singles: readonly Content[]): Readonly<Record<string, unknown>> {
  const names = Object.keys(singles[0]?.totals ?? {});
  const totalOf = (name: string) => singles.reduce((sum, { totals }) => sum + BigInt(totals[name] ?? 0), 0n);
  return {
    rowCount: singles.reduce((sum, { rowCount }) => sum + rowCount, 0),
    ...Object.fromEntries(names.map((name) => [name, String(totalOf(name))])),
  };
}
