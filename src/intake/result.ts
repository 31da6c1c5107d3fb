/** What became of a delivery. It is plain JSON, for reports and messages; names of clients are only in `record`. */
import type { Delivery } from "./delivery";

export type DeliveryOutcome =
  /** Committed; the counts say what it changed. */
  | "loaded"
  /** This very content was loaded before: nothing was written. */
  | "unchanged"
  /** The file, or too many of its records, are wrong: nothing was loaded. */
  | "rejected";

/** `records` is the sum of the others. */
export interface DeliveryCounts {
  /** Detail records of the file. */
  readonly records: number;
  readonly inserted: number;
  readonly updated: number;
  /** The row already has these values. */
  readonly same: number;
  /** What the database has of the row is newer than this delivery. */
  readonly stale: number;
  readonly rejected: number;
}

/** Something that is wrong with a delivery. */
export interface Problem {
  /** Counted from 1, the header's; undefined for what concerns the whole file. */
  readonly line?: number;
  /** The column's name, where one is wrong. */
  readonly column?: string;
  readonly reason: string;
  /** The record as it came, shortened if it is long. It may have personal data: never log it. */
  readonly record?: string;
}

/** A record that was not loaded, for `<name>.rejects.csv`. */
export interface RejectedRecord {
  readonly line: number;
  /** All that is wrong with it. */
  readonly reasons: readonly string[];
  /** As it came, shortened if it is long. It may have personal data: never log it. */
  readonly record: string;
}

/** A figure that the file states of itself at its end, such as the number of details, beside what its records give. */
export interface FileFigure {
  readonly name: string;
  /** A decimal text: sums may exceed a JSON number. */
  readonly stated: string;
  /** Missing if a field that counts can't be read. */
  readonly found?: string;
}

export interface DeliveryResult {
  readonly outcome: DeliveryOutcome;
  /** True if nothing was to be loaded; the outcome is what it would be. */
  readonly dryRun: boolean;
  readonly delivery: Delivery;
  /** Undefined if no bank has the folder's name. */
  readonly bankId?: number;
  /** The ledger's number of the delivery: of this one if `loaded`, of the first with this content if `unchanged`. */
  readonly deliveryId?: string;
  /** If `unchanged`: which delivery loaded the content. The same key and version: this one, in an earlier attempt. */
  readonly loadedBy?: { readonly key: string; readonly version?: string; readonly at: string };
  /** Of the file's bytes as they came, compressed if they are; undefined if they were not read to their end. */
  readonly sha256?: string;
  readonly byteCount?: number;
  /** If `unchanged`, those of the delivery that was loaded. Undefined if `rejected`. */
  readonly counts?: DeliveryCounts;
  /** Empty if the record that states them is missing or wrong; undefined if the file was not read. */
  readonly figures?: readonly FileFigure[];
  /** The first 1,000. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  /** The first 1,000 rejected records. If `loaded` or `unchanged`, these are all. */
  readonly rejects: readonly RejectedRecord[];
  /** All detail records of the file and those of them that are wrong. */
  readonly records: number;
  readonly rejectedRecords: number;
  /** In milliseconds. `read` includes the checks of each record and the copy into the temporary table. */
  readonly durationsMs: {
    readonly read: number;
    readonly check: number;
    readonly load: number;
    readonly total: number;
  };
}
