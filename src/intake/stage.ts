/** The third step: the accepted rows of a delivery that was loaded, as Parquet, typed by the feed's columns. */
import { createHash } from "node:crypto";

import type { ObjectStore } from "../platform/bucket/object-store";
import { withUploads } from "../platform/bucket/uploads";
import type { Row } from "../platform/database/row-stream";
import { RequestError } from "../platform/errors";
import { PARQUET_MEDIA_TYPE, parquetFile } from "../platform/format/parquet";
import { type Arrival, keyIn, type ObjectAt } from "./arrival";
import { acceptedRows } from "./accepted-rows";
import { feedNamed } from "./feeds";
import { contentOf, deliveryOf, rawOf } from "./load-arrival";
import type { StagedRows } from "./report";
import { readResult } from "./result-object";

/**
 * Reads the file again, without the database, and writes its rows. Repeated, it writes the same bytes to the same key.
 *
 * @throws RequestError if the delivery was not loaded, StorageError if the file is not the one that was.
 */
export async function stage(arrival: Arrival, resultAt: ObjectAt, objects: ObjectStore): Promise<StagedRows> {
  const delivery = deliveryOf(arrival);
  const { outcome, bankId, sha256, rejects } = await readResult(objects, resultAt);
  const feed = "problem" in delivery ? undefined : feedNamed(delivery.feed);
  if ("problem" in delivery || feed === undefined || outcome !== "loaded" || !rejects)
    throw notLoaded(arrival);
  const result = {
    rejects,
    ...(bankId !== undefined && { bankId }),
    ...(sha256 !== undefined && { sha256 }),
  };
  const rows = new Measured(acceptedRows(feed, delivery, contentOf(objects, rawOf(arrival)), result));
  const key = keyIn("stage", arrival, "parquet");
  const file = new Digested(parquetFile(feed.columns, rows, { metadata: { delivery: arrival.id } }));
  return withUploads(objects, async (uploads) => {
    const before = await objects.head(key);
    const { versionId } = await uploads.complete(await uploads.stage(key, file, PARQUET_MEDIA_TYPE), before);
    // An attempt that was killed has left its upload open.
    await uploads.abort(await objects.openUploads(key, (each) => each === key));
    return { key, versionId, rowCount: rows.count, byteCount: file.byteCount, sha256: file.sha256() };
  });
}

/** @returns the error of a step that is out of turn. */
export function notLoaded({ id }: Arrival): RequestError {
  return new RequestError(`the delivery ${id} was not loaded`, {
    hint: "Begin with the first step: start the state machine again with the landing object.",
  });
}

/** Batches that are counted on their way. */
class Measured implements AsyncIterable<readonly Row[]> {
  count = 0;

  constructor(private readonly batches: AsyncIterable<readonly Row[]>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Row[]> {
    for await (const rows of this.batches) {
      this.count += rows.length;
      yield rows;
    }
  }
}

/** Bytes that are counted and digested on their way. */
class Digested implements AsyncIterable<Buffer> {
  byteCount = 0;
  readonly #hash = createHash("sha256");

  constructor(private readonly bytes: AsyncIterable<Buffer>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for await (const chunk of this.bytes) {
      this.#hash.update(chunk);
      this.byteCount += chunk.byteLength;
      yield chunk;
    }
  }

  /** In hexadecimal, when all is read. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
