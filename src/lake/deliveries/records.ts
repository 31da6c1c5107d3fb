/** What the lake has done about each delivery, as items of the table of records. */
import * as v from "valibot";

import type { ItemTable } from "../item-table";
import type { ReportName } from "./accepted-delivery";

/**
 * `accepted`: its rows are in the lake; `repeated`: another delivery has brought the same content; `unwanted`: the tenant
 * doesn't have the dataset; `gone`: its rows had expired in `stage/` before the lake could take them.
 */
export type DeliveryOutcome = "accepted" | "repeated" | "unwanted" | "gone";

const record = v.object({
  schemaVersion: v.literal(1),
  /** A lower number never replaces a higher one. */
  revision: v.number(),
  outcome: v.picklist(["accepted", "repeated", "unwanted", "gone"]),
  tenant: v.string(),
  runId: v.string(),
  recordedAt: v.string(),
});

export type DeliveryRecord = v.InferOutput<typeof record>;

/** A run with an older list of tenants can't undo what a delivery has brought. */
const REVISIONS: Readonly<Record<DeliveryOutcome, number>> = {
  unwanted: 1,
  gone: 1,
  accepted: 2,
  repeated: 2,
};

/** All deliveries of a folder, feed and month. */
function subjectOf(intake: string, { folder, feed, month }: Omit<ReportName, "key">): string {
  return `deliveries/${intake}/${folder}/${feed}/${month}`;
}

/** By the key of the report. */
export async function readDeliveryRecords(
  items: ItemTable,
  intake: string,
  of: Omit<ReportName, "key">,
): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const found = await items.query(subjectOf(intake, of));
  return new Map(found.map(({ part, content }) => [part, v.parse(record, content)]));
}

export async function readDeliveryRecord(
  items: ItemTable,
  intake: string,
  name: ReportName,
): Promise<DeliveryRecord | undefined> {
  const found = await items.get(subjectOf(intake, name), name.key);
  return found === undefined ? undefined : v.parse(record, found);
}

export async function writeDeliveryRecord(
  items: ItemTable,
  intake: string,
  name: ReportName,
  written: Omit<DeliveryRecord, "schemaVersion" | "revision">,
): Promise<void> {
  const content = { schemaVersion: 1, revision: REVISIONS[written.outcome], ...written };
  await items.put(subjectOf(intake, name), name.key, content, { if: "not older" });
}
