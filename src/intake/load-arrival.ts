/** The second step: an arrival's file is checked and loaded, and the result is kept for the next steps. */
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Connection } from "../platform/database/connection";
import { RequestError, StorageError } from "../platform/errors";
import { type Arrival, type ObjectAt } from "./arrival";
import { type Delivery, parseDeliveryName } from "./delivery";
import { checkAndLoad, type DeliveryContent, type LoadRequest } from "./load";
import type { DeliveryCounts, DeliveryOutcome } from "./result";
import { reportKey } from "./report";
import { type LoadResult, writeResult } from "./result-object";

/** What the next steps learn of the result; all of it is in the object. */
export interface LoadSummary {
  readonly outcome: DeliveryOutcome;
  readonly result: ObjectAt;
  readonly counts?: DeliveryCounts;
  readonly rejectedRecords: number;
  readonly problemCount: number;
}

export interface LoadContext extends Pick<LoadRequest, "ifMissing" | "now" | "onProgress"> {
  readonly objects: ObjectStore;
  /** Lends a connection of the role that loads. */
  readonly connected: <Result>(use: (connection: Connection) => Promise<Result>) => Promise<Result>;
}

/**
 * Loads what has arrived. Repeated, it returns the same outcome and counts, whether the first attempt was killed before or
 * after its commit.
 *
 * @throws any error of {@link checkAndLoad}.
 */
export async function loadArrival(arrival: Arrival, context: LoadContext): Promise<LoadSummary> {
  const result = await check(arrival, context);
  const { outcome, counts, rejectedRecords = 0, problemCount = result.problems.length } = result;
  return {
    outcome,
    result: await writeResult(context.objects, arrival, result),
    ...(counts && { counts }),
    rejectedRecords,
    problemCount,
  };
}

async function check(arrival: Arrival, context: LoadContext): Promise<LoadResult> {
  const { objects, connected, ifMissing, now, onProgress } = context;
  const delivery = deliveryOf(arrival);
  if ("problem" in delivery) return { outcome: "rejected", problems: [{ reason: delivery.problem }] };
  const { key, versionId } = rawOf(arrival);
  const content = contentOf(objects, { key, versionId });
  const result = await connected((connection) =>
    checkAndLoad({
      ...{ delivery, content, connection, dryRun: false, ifMissing, now },
      ...(versionId !== null && { version: versionId }),
      ...(onProgress && { onProgress }),
    }),
  );
  // An attempt that was killed behind its commit has loaded this very delivery, and its rows are not staged yet.
  const isOwn = result.loadedBy?.key === key && !(await isArchived(objects, arrival));
  return isOwn ? { ...result, outcome: "loaded" } : result;
}

async function isArchived(objects: ObjectStore, arrival: Arrival): Promise<boolean> {
  return (await objects.head(reportKey("loaded", arrival))) !== undefined;
}

/** Names the delivery by our copy of its file, which no other arrival has. */
export function deliveryOf(arrival: Arrival): Delivery | { readonly problem: string } {
  const name = parseDeliveryName(arrival.key);
  return "problem" in name ? name : { ...name, key: rawOf(arrival).key };
}

/** @throws RequestError if there is no copy of the file. */
export function rawOf({ id, raw }: Arrival): NonNullable<Arrival["raw"]> {
  if (raw !== undefined) return raw;
  throw new RequestError(`the delivery ${id} was not received`, {
    hint: "Begin with the first step: start the state machine again with the landing object.",
  });
}

export function contentOf(objects: ObjectStore, at: ObjectAt): DeliveryContent {
  return { open: () => bytesOf(objects, at) };
}

async function* bytesOf(objects: ObjectStore, { key, versionId }: ObjectAt): AsyncGenerator<Buffer> {
  const bytes = await objects.open(key, versionId);
  if (bytes === undefined) {
    throw new StorageError(`${key}, our copy of the delivery, is gone`, {
      retry: false,
      hint: "Restore the object's version, or ask the bank to send the file again.",
    });
  }
  yield* bytes;
}
