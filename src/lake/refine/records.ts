/** What the lake knows of each raw file, and what a month of a tenant consists of, as items of the table of records. */
import * as v from "valibot";

import { ConflictError } from "../../platform/errors";
import { isMonth, type Month } from "../../platform/month";
import type { ItemTable } from "../item-table";
import { uriOf } from "../keys";
import type { Tenant } from "../tenants";

/** Rows that a file has brought into the lake: their month, and the SHA-256 by which their objects are named. */
const content = v.object({
  month: v.custom<Month>((text) => typeof text === "string" && isMonth(text)),
  sha256: v.string(),
});

const rawRecord = v.object({
  schemaVersion: v.literal(1),
  /** One more for each version of the file that the lake has taken. */
  revision: v.number(),
  /** The version that was taken last. */
  versionId: v.string(),
  outcome: v.picklist(["accepted", "rejected", "withdrawn"]),
  /** The report's key, if it was rejected. */
  report: v.nullable(v.string()),
  /** What the lake is to have of the file; null for nothing. A version that is rejected leaves what an earlier one brought. */
  content: v.nullable(content),
  /** What it may still have besides, while `isSettled` is false. */
  earlier: v.array(content),
  /** Whether the months' lists agree with this record. */
  isSettled: v.boolean(),
  runId: v.string(),
  recordedAt: v.string(),
});

export type RawContent = v.InferOutput<typeof content>;
export type RawRecord = v.InferOutput<typeof rawRecord>;

const RAW_PART = "raw";

/** Not the URI itself, which is the subject of the lineage. */
function rawSubject(bucket: string, key: string): string {
  return `file/${uriOf(bucket, key)}`;
}

export async function readRawRecord(
  items: ItemTable,
  bucket: string,
  key: string,
): Promise<RawRecord | undefined> {
  const found = await items.get(rawSubject(bucket, key), RAW_PART);
  return found === undefined ? undefined : v.parse(rawRecord, found);
}

/**
 * @param replaces the revision that was read; undefined if there was no record.
 * @throws ConflictError if another run has written the record since.
 */
export async function writeRawRecord(
  items: ItemTable,
  bucket: string,
  key: string,
  record: RawRecord,
  replaces: number | undefined,
): Promise<void> {
  const condition =
    replaces === undefined ? ({ if: "first" } as const) : ({ if: "after", revision: replaces } as const);
  if (await items.put(rawSubject(bucket, key), RAW_PART, record, condition)) return;
  throw new ConflictError(`another run is refining ${uriOf(bucket, key)}`, {
    hint: "Wait until the other run has ended; the next one continues from what it has recorded.",
  });
}

const entry = v.object({
  /** That of the source's record; an entry never goes back to an earlier one. */
  revision: v.number(),
  /** The Parquet file's key; null if the month no longer has anything of the source. */
  key: v.nullable(v.string()),
});

/** What a month has of one source. */
export type Entry = v.InferOutput<typeof entry>;

const compacted = v.object({ revision: v.number(), compacted: v.string() });

export interface MonthEntries {
  /** The Parquet files, each once, in the order of their keys. */
  readonly keys: readonly string[];
  /** The keys of the sources that have one of the files. */
  readonly sources: readonly string[];
  /** Compacted files, by the digest of the keys that they replace. */
  readonly compacted: ReadonlyMap<string, string>;
}

const COMPACTED = "compacted/";

/** A month of one tenant's dataset that is made of several sources. */
export interface TenantMonth {
  readonly tenant: Pick<Tenant, "id">;
  readonly dataset: string;
  readonly month: Month;
}

function subjectOf({ tenant, dataset, month }: TenantMonth): string {
  return `entries/${tenant.id}/${dataset}/${month}`;
}

export async function readEntries(items: ItemTable, month: TenantMonth): Promise<MonthEntries> {
  const keys = new Set<string>();
  const sources: string[] = [];
  const compactedKeys = new Map<string, string>();
  for (const { part, content: found } of await items.query(subjectOf(month))) {
    if (part.startsWith(COMPACTED)) {
      compactedKeys.set(part.slice(COMPACTED.length), v.parse(compacted, found).compacted);
      continue;
    }
    const { key } = v.parse(entry, found);
    if (key === null) continue;
    keys.add(key);
    sources.push(part);
  }
  return { keys: [...keys].sort(), sources, compacted: compactedKeys };
}

/** Does nothing if the month has a later revision of the source. */
export async function writeEntry(
  items: ItemTable,
  month: TenantMonth,
  source: string,
  written: Entry,
): Promise<void> {
  await items.put(subjectOf(month), source, written, { if: "not older" });
}

/** @param digest of the keys that the compacted file replaces. */
export async function writeCompacted(
  items: ItemTable,
  month: TenantMonth,
  digest: string,
  key: string,
): Promise<void> {
  await items.put(subjectOf(month), COMPACTED + digest, { revision: 1, compacted: key }, { if: "not older" });
}
