/** Intake's core: a delivery is checked and loaded in one transaction, whole or not at all. */
import type { Row } from "../platform/database/row-stream";
import type { Connection } from "../platform/database/connection";
import type { Delivery } from "./delivery";
import type { DeliveryResult } from "./result";

/** The bytes of a delivery. */
export interface DeliveryContent {
  /**
   * Opens the file from its first byte; compressed content comes compressed. It is opened a second time if records must
   * be quoted, and must give the same bytes again: open an object by its version.
   */
  open(): AsyncIterable<Uint8Array>;
  /**
   * SHA-256 of the bytes in hexadecimal, where it is known. Content that was loaded before is then not read at all. Other
   * bytes than these are an error.
   */
  readonly sha256?: string;
}

export interface LoadRequest {
  readonly delivery: Delivery;
  /** Which version of the object the content is; kept in the ledger. */
  readonly version?: string;
  readonly content: DeliveryContent;
  /** As the role that may write the feeds' tables and the schema `intake`. */
  readonly connection: Connection;
  /** Checks everything and loads nothing. */
  readonly dryRun: boolean;
  /**
   * What to do if records refer to rows that don't exist and nothing else is in the way of loading: `wait` throws a
   * WaitingError, because another delivery may bring them; `reject` counts the records as wrong.
   */
  readonly ifMissing: "wait" | "reject";
  readonly now: Date;
  /** Is called now and then while the file is read. */
  readonly onProgress?: (progress: { readonly records: number; readonly byteCount: number }) => void;
}

/**
 * Checks a delivery and loads it. Called again with the same content, it changes nothing and returns `unchanged`, with
 * the counts and the rejected records of the first time.
 *
 * @throws WaitingError; ConflictError if another delivery changed the same rows meanwhile; DatabaseUnavailableError,
 *   QueryError; what `content` throws. Nothing is loaded then.
 */
export type CheckAndLoad = (request: LoadRequest) => Promise<DeliveryResult>;

/**
 * Reads the accepted rows of a delivery that was loaded from its file again: in batches, typed by the feed's columns, in
 * the file's order. It needs no database and may be repeated at any time.
 *
 * @param rejects of the delivery's result, `loaded` or `unchanged`.
 * @throws StorageError if the content is not the one that was loaded.
 */
export type ReadAcceptedRows = (
  delivery: Delivery,
  content: DeliveryContent,
  result: Pick<DeliveryResult, "rejects" | "sha256">,
) => AsyncIterable<readonly Row[]>;
