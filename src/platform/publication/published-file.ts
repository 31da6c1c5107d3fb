/** One version of a published file, read to its end as a stranger would: for who judges it, and for who uses its rows. */
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

import { CsvError, parse } from "csv-parse";

import type { ObjectStore } from "../bucket/object-store";

/** What a manifest says of a file, and its history of each older one. */
export interface FileVersion {
  readonly key: string;
  readonly versionId: string | null;
  readonly sha256: string;
}

/** What was read; it is what was published only if its SHA-256 is. */
export interface FileContent {
  readonly byteCount: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * Reads a file of any size once, and returns what it is: undefined if it is gone, a sentence if it is no CSV file.
 *
 * @param onRow hears of each line, the header line first; without it the bytes are not looked into. A SyntaxError of its
 *   own is told as the file's.
 * @throws StorageError if S3 does not let it be read.
 */
export async function readPublishedFile(
  objects: ObjectStore,
  { key, versionId }: Pick<FileVersion, "key" | "versionId">,
  onRow?: (row: readonly string[]) => void,
): Promise<FileContent | string | undefined> {
  const bytes = await objects.open(key, versionId);
  if (bytes === undefined) return undefined;
  const hash = createHash("sha256");
  let byteCount = 0;
  async function* weigh(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      byteCount += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    if (onRow === undefined) {
      for await (const _ of weigh(bytes)) continue;
    } else {
      await pipeline(bytes, weigh, parse(), async (rows: AsyncIterable<string[]>) => {
        for await (const row of rows) onRow(row);
      });
    }
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError) return error.message;
    throw error;
  }
  return { byteCount, sha256: hash.digest("hex") };
}
