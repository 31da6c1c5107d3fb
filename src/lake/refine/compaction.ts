/**
 * Joins the Parquet files of a closed month into one. The joined file is made and proven first; then the list names it
 * instead, by one write. The single files stay: if another file of the month comes later, the list names them again.
 */
import { ConflictError, ReconciliationError, RequestError } from "../../platform/errors";
import { eachAtOnce } from "../../platform/parallel";
import { hasEnded, type Month } from "../../platform/month";
import type { Bucket } from "../buckets";
import type { Dataset } from "../dataset";
import { uriOf } from "../keys";
import type { Lineage } from "../lineage";
import { makeParquet, type MonthPlace, objectOf, proveParquet, recordMade } from "../made-file";
import { type Content, digestOf, type StoredFile, storedRows } from "../stored-file";
import type { TenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { keysDigest, updateList } from "./month-list";
import { readEntries, writeCompacted } from "./records";

export interface Compaction {
  readonly tenant: string;
  readonly dataset: string;
  readonly month: Month;
  /** `unchanged` if the month has one file at most, or the joined file is there. */
  readonly status: "compacted" | "unchanged";
  /** The files that the joined one replaces. */
  readonly fileCount: number;
}

/** Single files that are digested at once. */
const FILES_AT_ONCE = 4;

/**
 * @throws RequestError if the month has not ended; ReconciliationError if the joined file, read back, does not have the
 *   rows and totals of the single ones; ConflictError, StorageError. What queries see is then what they saw before.
 */
export async function compactMonth(
  lake: TenantLake,
  dataset: Dataset,
  tenant: Tenant,
  month: Month,
): Promise<Compaction> {
  expectEnded(month, lake.now());
  const { items, open, settings } = lake;
  const tenantMonth = { tenant, dataset: dataset.name, month };
  const about = { ...tenantMonth, tenant: tenant.id };
  const { keys, compacted } = await readEntries(items, tenantMonth);
  const isNeeded = keys.length > 1 && !compacted.has(keysDigest(keys));
  if (isNeeded) {
    const place = { tenant, bucket: open(settings.bucketOf(tenant)), dataset, month };
    await lake.inTurn(() => join(lake, place, keys));
  }
  await updateList(lake, tenantMonth);
  return { ...about, status: isNeeded ? "compacted" : "unchanged", fileCount: keys.length };
}

/** Makes the joined file and records that it replaces the single ones. */
async function join(lake: TenantLake, place: MonthPlace, keys: readonly string[]): Promise<void> {
  const { tenant, bucket, dataset, month } = place;
  const digest = keysDigest(keys);
  const singles = await eachAtOnce(keys, FILES_AT_ONCE, (key) => findSingle(lake, bucket, key));
  const made = await makeParquet(place, digest, joinedRows(place, singles));
  const found = await proveParquet(place, made, sumOf(singles), "the single files");
  const parents = singles.map(({ parent }) => parent);
  await recordMade(lake, place, objectOf(bucket, made), found, parents);
  await writeCompacted(lake.items, { tenant, dataset: dataset.name, month }, digest, made.key);
}

/** @throws RequestError if more files of the month may come. */
export function expectEnded(month: Month, now: Date): void {
  if (hasEnded(month, now)) return;
  throw new RequestError(`${month} has not ended (UTC)`, {
    hint: "Compact a month when no more files of it are expected.",
  });
}

interface Single extends StoredFile, Content {
  readonly parent: Lineage["parents"][number];
}

/** A single file as it is now, with what was recorded of these very bytes. */
async function findSingle({ lineage }: TenantLake, bucket: Bucket, key: string): Promise<Single> {
  const uri = uriOf(bucket.name, key);
  const version = await bucket.objects.head(key);
  const digest = version && (await digestOf(bucket, key, version.versionId));
  if (version === undefined || digest === undefined) {
    throw new ConflictError(`another run has removed ${uri} in the meantime`, {
      hint: "Wait until the other run has ended.",
    });
  }
  const { sha256, byteCount } = digest;
  const item = (await lineage.find(bucket.name, key)).find(({ object }) => object.sha256 === sha256);
  if (item === undefined) {
    throw new ReconciliationError(`${uri} has the SHA-256 ${sha256}, which the lineage does not know`, {
      hint: "Take its source again: npx bank-batch refine FILE --again, or lake --remake for a delivery.",
    });
  }
  const { rowCount, totals } = item;
  const parent = { bucket: bucket.name, key, versionId: version.versionId, sha256 };
  return { key, versionId: version.versionId, byteCount, rowCount, totals, parent };
}

async function* joinedRows({ bucket, dataset }: MonthPlace, singles: readonly Single[]) {
  for (const single of singles) yield* storedRows(dataset.columns, bucket, single);
}

function sumOf(singles: readonly Content[]): Readonly<Record<string, unknown>> {
  const names = Object.keys(singles[0]?.totals ?? {});
  const totalOf = (name: string) => singles.reduce((sum, { totals }) => sum + BigInt(totals[name] ?? 0), 0n);
  return {
    rowCount: singles.reduce((sum, { rowCount }) => sum + rowCount, 0),
    ...Object.fromEntries(names.map((name) => [name, String(totalOf(name))])),
  };
}
