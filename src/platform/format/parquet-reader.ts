/**
 * Reads a Parquet file to its end, row group by row group, by a library that shares no code with the one that writes.
 * Values come as they are stored, so that decimals stay exact.
 */
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  type RowGroup,
  type SchemaElement,
} from "hyparquet";

import type { Column } from "../columns";
import type { TextRow } from "./parquet";
import { schemaElement, valueWriter } from "./parquet-values";

/** A file of which any part can be read. */
export interface RandomAccess {
  readonly byteLength: number;
  /** The bytes from `first` up to but not including `end`. */
  slice(first: number, end: number): Promise<Uint8Array>;
}

/** Whole numbers and decimals as their units, days and microseconds since 1970-01-01, text, or null. */
export type ReadValue = number | bigint | string | null;

/** The content is not the Parquet file that was expected. */
export class ParquetProblem extends Error {}

/**
 * @param onValues is called for each column of each row group, in order, with all of its values.
 * @returns the number of rows.
 * @throws ParquetProblem if the file is damaged, or its columns are not these.
 */
export async function readParquet(
  file: RandomAccess,
  columns: readonly Column[],
  onValues: (column: number, values: readonly ReadValue[]) => void,
): Promise<number> {
  let rowCount = 0;
  for await (const group of rowGroups(file, columns)) {
    for (const index of columns.keys()) onValues(index, await group.values(index));
    rowCount += group.rowCount;
  }
  return rowCount;
}

/**
 * The rows of a Parquet file as text, to be written to another one: in batches, each a row group.
 *
 * @throws ParquetProblem like {@link readParquet}; if the file has too few rows, behind the last of them.
 */
export async function* parquetRows(
  file: RandomAccess,
  columns: readonly Column[],
): AsyncGenerator<TextRow[]> {
  const writers = columns.map(valueWriter);
  for await (const group of rowGroups(file, columns)) {
    const fields: (string | null)[][] = [];
    for (const [index, toText] of writers.entries()) {
      const values = await group.values(index);
      fields.push(values.map((value) => (value === null ? null : toText(value))));
    }
    yield Array.from({ length: group.rowCount }, (_, row) => fields.map((column) => column[row] ?? null));
  }
}

interface ReadGroup {
  readonly rowCount: number;
  /** All values of a column. */
  readonly values: (column: number) => Promise<ReadValue[]>;
}

async function* rowGroups(file: RandomAccess, columns: readonly Column[]): AsyncGenerator<ReadGroup> {
  const metadata = await attempt(() => parquetMetadataAsync(bufferOf(file)));
  expectColumns(metadata, columns);
  const stored = { ...metadata, schema: metadata.schema.map(asStored) };
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const range = { rowStart, rowEnd: rowStart + Number(group.num_rows) };
    const rowCount = range.rowEnd - range.rowStart;
    const groupFile = await wholeGroup(file, group);
    const scan = await attempt(() => parquetScan({ file: groupFile, metadata: stored, parsers }));
    const values = async (index: number): Promise<ReadValue[]> => {
      const name = columns[index]?.name ?? "";
      const found = await attempt(() => scan.readColumn({ column: name, ...range }));
      if (found.length !== rowCount)
        throw new ParquetProblem(`${name} has ${found.length} values instead of ${rowCount}`);
      return Array.from(found as ArrayLike<unknown>, toValue);
    };
    yield { rowCount, values };
    rowStart = range.rowEnd;
  }
  if (metadata.num_rows !== BigInt(rowStart))
    throw new ParquetProblem(`its footer has ${metadata.num_rows} rows, its row groups have ${rowStart}`);
}

/** Whatever the library throws means that the file is not what it should be; errors of reading pass through. */
async function attempt<Result>(action: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ReadingFailed) throw error.cause;
    throw new ParquetProblem(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Carries an error of the source through the library. */
class ReadingFailed extends Error {}

function bufferOf(file: RandomAccess): AsyncBuffer {
  return {
    byteLength: file.byteLength,
    slice: async (first, end = file.byteLength) => {
      const bytes = await file.slice(first, end).catch((cause: unknown) => {
        throw new ReadingFailed("reading failed", { cause });
      });
      return Uint8Array.from(bytes).buffer;
    },
  };
}

/** The library's own decoder takes a U+FEFF at the start of a text for a byte order mark, and drops it. */
const parsers = {
  stringFromBytes: (bytes?: Uint8Array) =>
    bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
};

/** The file, of which the row group's bytes are in memory: one request instead of one for each column. */
async function wholeGroup(file: RandomAccess, { columns }: RowGroup): Promise<AsyncBuffer> {
  const spans = columns.flatMap(({ meta_data: chunk }) => {
    if (chunk === undefined) return [];
    const first = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    return [{ first, end: first + Number(chunk.total_compressed_size) }];
  });
  const first = Math.min(...spans.map((span) => span.first));
  const end = Math.max(...spans.map((span) => span.end));
  if (!(first >= 0 && end <= file.byteLength)) throw new ParquetProblem("a row group is outside of the file");
  const bytes = Uint8Array.from(await file.slice(first, end)).buffer;
  return {
    byteLength: file.byteLength,
    slice: (from, to = file.byteLength) => {
      if (from < first || to > end) throw new Error("a column is outside of its row group");
      return bytes.slice(from - first, to - first);
    },
  };
}

/** The properties by which a reader knows a column's type. */
const properties = [
  ...(["name", "type", "type_length", "repetition_type"] as const),
  ...(["converted_type", "precision", "scale"] as const),
] as const;

function expectColumns({ schema }: FileMetaData, columns: readonly Column[]): void {
  const describe = (element: SchemaElement) => properties.map((name) => element[name] ?? "").join(" ");
  const [found, expected] = [schema.slice(1).map(describe), columns.map(schemaElement).map(describe)];
  if (found.join("\n") === expected.join("\n")) return;
  throw new ParquetProblem(`its columns are ${found.join(", ")} instead of ${expected.join(", ")}`);
}

/** Without the meaning of its values, which the library would convert, decimals to floating point. */
function asStored(element: SchemaElement): SchemaElement {
  if (element.converted_type === undefined || element.converted_type === "UTF8") return element;
  const { name, type, type_length, repetition_type } = element;
  return {
    name,
    ...(type !== undefined && { type }),
    ...(type_length !== undefined && { type_length }),
    ...(repetition_type !== undefined && { repetition_type }),
  };
}

function toValue(value: unknown): ReadValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Uint8Array) return unitsOf(value);
  return value as ReadValue;
}

/** A number as two's complement, the highest byte first. */
function unitsOf(bytes: Uint8Array): bigint {
  const units = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(8 * bytes.length, units);
}
