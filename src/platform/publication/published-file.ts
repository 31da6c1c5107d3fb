/** Reads one version of a published file to its end, as a consumer would: knowing nothing of how it was made. */
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

import { CsvError, parse } from "csv-parse";

import type { ObjectStore } from "../bucket/object-store";
import type { FileVersion } from "./manifest";

/** What was read. It is what was published only if the SHA-256 is the manifest's. */
export interface FileContent {
  readonly byteCount: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * Reads a file of any size once.
 *
 * @param onRow is called for each line, the header line first, and may throw a SyntaxError for a malformed field; without
 *   it the content is not parsed.
 * @returns what was read; undefined if the version doesn't exist; a sentence if it isn't a CSV file.
 * @throws StorageError if S3 refuses the request.
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
  async function* measure(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      byteCount += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    if (onRow === undefined) {
      for await (const _ of measure(bytes)) continue;
    } else {
      await pipeline(bytes, measure, parse(), async (rows: AsyncIterable<string[]>) => {
        for await (const row of rows) onRow(row);
      });
    }
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError) return error.message;
    throw error;
  }
  return { byteCount, sha256: hash.digest("hex") };
}
