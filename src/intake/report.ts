/**
 * The report of a delivery: what became of it, and where its objects are. A delivery is settled when its report exists, so
 * it is written last. It may quote records, and with them names of clients: it stays in intake's bucket.
 */
import * as v from "valibot";

import type { ObjectStore, ObjectVersion } from "../platform/bucket/object-store";
import { StorageError } from "../platform/errors";
import { type Area, type Arrival, keyIn, type ObjectAddress, type ObjectAt } from "./arrival";
import type { DeliveryCounts, DeliveryOutcome, DeliveryResult, FileFigure, Problem } from "./result";

/** `failed`: something else than the file was wrong, such as the database. Nothing was loaded. */
export type Outcome = DeliveryOutcome | "failed";

export interface StagedRows extends ObjectAt {
  readonly rowCount: number;
  readonly byteCount: number;
  /** Of the Parquet file, in hexadecimal. */
  readonly sha256: string;
}

export interface Failure {
  /** The error's name. */
  readonly name: string;
  readonly message: string;
}

export interface Report {
  readonly schemaVersion: 1;
  readonly outcome: Outcome;
  /** The arrival's id. */
  readonly delivery: string;
  /** The key as the bank wrote it. */
  readonly key: string;
  /** Of the name; missing if the name is wrong. */
  readonly bank?: string;
  readonly feed?: string;
  readonly businessTime?: string;
  /** The bank's id; missing if no bank has the folder's name. */
  readonly bankId?: number;
  /** The ledger's number, which goes up with each delivery that is loaded; if `unchanged`, of the first with this content. */
  readonly loadNumber?: string;
  readonly landing?: ObjectAddress;
  readonly raw: ObjectAt;
  /** The same bytes, beside this report. */
  readonly file: ObjectAt;
  /** The records that were not loaded, as CSV; missing if there are none. */
  readonly rejects?: ObjectAt;
  /** The accepted rows as Parquet; missing unless this delivery was loaded. */
  readonly stage?: StagedRows;
  /** Of the file's bytes; missing if they were not read to their end. */
  readonly sha256?: string;
  readonly byteCount: number;
  readonly counts?: DeliveryCounts;
  readonly figures?: readonly FileFigure[];
  /** The first 1,000. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  readonly rejectedRecords: number;
  readonly failure?: Failure;
  readonly durationsMs?: DeliveryResult["durationsMs"];
  readonly settledAt: string;
  readonly runId: string;
}

export interface FoundReport {
  readonly key: string;
  readonly version: ObjectVersion;
  readonly report: Report;
}

/** Where a delivery with this outcome is kept. */
export function areaOf(outcome: Outcome): Extract<Area, "archive" | "error"> {
  return outcome === "loaded" || outcome === "unchanged" ? "archive" : "error";
}

export function reportKey(outcome: Outcome, arrival: Pick<Arrival, "id" | "key">): string {
  return keyIn(areaOf(outcome), arrival, "report.json");
}

/** The report of a delivery that is settled, undefined if it isn't. */
export async function findReport(
  objects: Pick<ObjectStore, "read">,
  arrival: Pick<Arrival, "id" | "key">,
): Promise<FoundReport | undefined> {
  return (
    (await readReport(objects, reportKey("loaded", arrival))) ??
    (await readReport(objects, reportKey("rejected", arrival)))
  );
}

/** What a reader relies on; a report may get further keys. */
const readable = v.looseObject({
  schemaVersion: v.literal(1),
  outcome: v.picklist(["loaded", "unchanged", "rejected", "failed"]),
  delivery: v.string(),
  key: v.string(),
  problemCount: v.number(),
  settledAt: v.string(),
});

/** @throws StorageError if the object is no report. */
export async function readReport(
  objects: Pick<ObjectStore, "read">,
  key: string,
): Promise<FoundReport | undefined> {
  const found = await objects.read(key);
  if (found === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(found.text);
    v.assert(readable, parsed);
    return { key, version: found.version, report: parsed as unknown as Report };
  } catch (cause) {
    throw new StorageError(`${key} is not the report of a delivery`, {
      retry: false,
      hint: "Restore an earlier version of the object, or remove it and take the delivery again.",
      cause,
    });
  }
}
