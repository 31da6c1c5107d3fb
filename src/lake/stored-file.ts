/** A file in a bucket, read to its end: its digest, its rows, or its row count and control totals. */
import { createHash } from "node:crypto";

import type { ObjectVersion } from "../platform/bucket/object-store";
import type { Column } from "../platform/columns";
import { ReconciliationError } from "../platform/errors";
import type { TextRow } from "../platform/format/parquet";
import {
  ParquetProblem,
  parquetRows,
  type RandomAccess,
  readParquet,
} from "../platform/format/parquet-reader";
import type { Bucket } from "./buckets";
import { ControlTotals, type Dataset } from "./dataset";
import { uriOf } from "./keys";

/** What a Parquet file contains, by reading all of it. */
export interface Content {
  readonly rowCount: number;
  readonly totals: Readonly<Record<string, string>>;
}

/** @throws ReconciliationError if the object is not a Parquet file of the dataset. */
export async function readBack(
  dataset: Dataset,
  bucket: Bucket,
  key: string,
  { versionId }: Pick<ObjectVersion, "versionId">,
  byteCount: number,
): Promise<Content> {
  const totals = new ControlTotals(dataset);
  try {
    const file = partsOf(bucket, { key, versionId, byteCount });
    const rowCount = await readParquet(file, dataset.columns, (column, values) => {
      totals.add(column, values);
    });
    return { rowCount, totals: totals.totals };
  } catch (error) {
    throw asWrongFile(error, bucket, key);
  }
}

/** A version of a Parquet file. */
export interface StoredFile {
  readonly key: string;
  readonly versionId: string | null;
  readonly byteCount: number;
}

/** The rows of a Parquet file as text, row group by row group. @throws ReconciliationError like {@link readBack}. */
export async function* storedRows(
  columns: readonly Column[],
  bucket: Bucket,
  file: StoredFile,
): AsyncGenerator<TextRow[]> {
  try {
    yield* parquetRows(partsOf(bucket, file), columns);
  } catch (error) {
    throw asWrongFile(error, bucket, file.key);
  }
}

function partsOf(bucket: Bucket, { key, versionId, byteCount }: StoredFile): RandomAccess {
  return {
    byteLength: byteCount,
    slice: async (first, end) => {
      const bytes = await bucket.objects.readRange(key, versionId, first, end);
      if (bytes === undefined) throw wrongFile(uriOf(bucket.name, key), "it is gone");
      return bytes;
    },
  };
}

function asWrongFile(error: unknown, { name }: Bucket, key: string): unknown {
  return error instanceof ParquetProblem ? wrongFile(uriOf(name, key), error.message) : error;
}

function wrongFile(uri: string, problem: string): ReconciliationError {
  return new ReconciliationError(`${uri} is not the Parquet file that was written: ${problem}`, {
    hint: "Find out who else writes to this bucket, then make the month again. No query sees the file.",
  });
}

/**
 * Compares what a Parquet file has with what its source states.
 *
 * @throws ReconciliationError that names every difference.
 */
export function expectContent(
  uri: string,
  { rowCount, totals }: Content,
  stated: Readonly<Record<string, unknown>>,
  source: string,
): void {
  const differences = Object.entries({ rowCount, ...totals }).flatMap(([name, value]) =>
    value === stated[name] ? [] : [`${name} is ${value}, ${source} says ${String(stated[name])}`],
  );
  if (differences.length === 0) return;
  throw new ReconciliationError(`${uri}: ${differences.join("; ")}`, {
    hint: "Compare the dataset's columns and totals with its source. No query sees the file.",
  });
}

export interface Digest {
  readonly sha256: string;
  readonly byteCount: number;
}

/** Reads a version of an object to its end; undefined if it doesn't exist. */
export async function digestOf(
  bucket: Bucket,
  key: string,
  versionId: string | null,
): Promise<Digest | undefined> {
  const bytes = await bucket.objects.open(key, versionId);
  if (bytes === undefined) return undefined;
  const hash = createHash("sha256");
  let byteCount = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    byteCount += chunk.byteLength;
  }
  return { sha256: hash.digest("hex"), byteCount };
}
