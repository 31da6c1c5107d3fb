/**
 * The result of loading, on its way from step to step: an object beside the file in `raw/`, because it may have a thousand
 * problems, and quotes records, which must not appear in the history of a state machine.
 */
import { text } from "node:stream/consumers";

import type { ObjectStore } from "../platform/bucket/object-store";
import { StorageError } from "../platform/errors";
import { type Arrival, keyIn, type ObjectAt } from "./arrival";
import type { DeliveryResult } from "./result";

/** What is known of a file whose name is wrong is only that. */
export type LoadResult = Pick<DeliveryResult, "outcome" | "problems"> & Partial<DeliveryResult>;

/** @throws ConflictError if another attempt writes it at this moment. */
export async function writeResult(
  objects: ObjectStore,
  arrival: Arrival,
  result: LoadResult,
): Promise<ObjectAt> {
  const key = keyIn("raw", arrival, "result.json");
  const { versionId } = await objects.putJson(key, `${JSON.stringify(result)}\n`, await objects.head(key));
  return { key, versionId };
}

/** @throws StorageError if the object is gone. */
export async function readResult(objects: ObjectStore, { key, versionId }: ObjectAt): Promise<LoadResult> {
  const bytes = await objects.open(key, versionId);
  if (bytes === undefined) {
    throw new StorageError(`${key}, the result of loading, is gone`, {
      retry: false,
      hint: "Take the delivery again from its file in raw/: it is not loaded twice.",
    });
  }
  return JSON.parse(await text(bytes)) as LoadResult;
}
