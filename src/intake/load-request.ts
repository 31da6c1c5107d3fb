/** What intake's core is asked to do. */
import type { Connection } from "../platform/database/connection";
import type { Delivery } from "./delivery";
import type { Feed } from "./feed";
import type { DeliveryContent } from "./read-file";

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
  /** The feeds that there are; without it, those of `feeds/`. */
  readonly feeds?: readonly Feed[];
}
