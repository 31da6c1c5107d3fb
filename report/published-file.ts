/** One version of a published file, read to its end row by row, and not believed before its SHA-256 is. */
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

import { CsvError, parse } from "csv-parse";

import type { ObjectStore } from "../src/storage";

export interface FileVersion {
  readonly key: string;
  readonly versionId: string | null;
  readonly sha256: string;
}

/** A row's fields by column. */
export type Fields = Readonly<Record<string, string>>;

/**
 * What became of reading it; the rows count only if it was `whole`.
 *
 * @param onRow hears of each row; without it the bytes are not looked into.
 * @throws StorageError if S3 does not let it be read.
 */
export async function readFileVersion(
  objects: ObjectStore,
  { key, versionId, sha256 }: FileVersion,
  onRow?: (fields: Fields) => void,
): Promise<"whole" | "gone" | "damaged"> {
  const bytes = await objects.open(key, versionId);
  if (bytes === undefined) return "gone";
  const hash = createHash("sha256");
  async function* hashed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    if (onRow === undefined) {
      for await (const _ of hashed(bytes)) continue;
    } else {
      await pipeline(bytes, hashed, parse({ columns: true }), async (rows: AsyncIterable<Fields>) => {
        for await (const row of rows) onRow(row);
      });
    }
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError) return "damaged";
    throw error;
  }
  return hash.digest("hex") === sha256 ? "whole" : "damaged";
}
