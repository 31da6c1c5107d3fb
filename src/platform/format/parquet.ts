/**
 * Rows as a Parquet file. The file is made row group by row group, so its memory doesn't grow with the number of rows,
 * and the same rows make the same bytes, however they arrive.
 */
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

import type { Column } from "../columns";
import { DataError } from "../errors";
import { NotOfType, schemaElement, type StoredValue, type ValueParser, valueParser } from "./parquet-values";

/** The media type of a Parquet file. Source: IANA, Media Types. */
export const PARQUET_MEDIA_TYPE = "application/vnd.apache.parquet";

/** A row's fields as text, in the columns' order; null is no value. */
export type TextRow = readonly (string | null)[];

export interface ParquetOptions {
  /** Kept in the file's footer, in this order. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Limits of a row group, which is held in memory while it is made. */
  readonly groupRows?: number;
  readonly groupCharacters?: number;
}

/** With rows of 100 bytes, a row group of 5 MB before compression. */
const GROUP_ROWS = 50_000;
/** So that long rows don't make large row groups. */
const GROUP_CHARACTERS = 16 * 1024 * 1024;

/** Readers know by it which statistics they may trust. A test compares it with the version that is installed. */
const CREATED_BY = "hyparquet-writer version 0.17.0";

/**
 * The bytes of a Parquet file, compressed with Snappy, to be staged as they come.
 *
 * @param batches rows in any portions.
 * @throws DataError if a field doesn't fit its column, DefinitionError if Parquet can't store a column's type exactly.
 */
export async function* parquetFile(
  columns: readonly Column[],
  batches: AsyncIterable<readonly TextRow[]> | Iterable<readonly TextRow[]>,
  options: ParquetOptions = {},
): AsyncGenerator<Buffer> {
  const { groupRows = GROUP_ROWS, groupCharacters = GROUP_CHARACTERS } = options;
  const file = new ParquetBuilder(columns, options.metadata ?? {});
  for await (const rows of batches) {
    for (const row of rows) {
      file.add(row);
      if (file.pendingRows >= groupRows || file.pendingCharacters >= groupCharacters) yield file.takeGroup();
    }
  }
  if (file.pendingRows > 0) yield file.takeGroup();
  yield file.finish();
}

/** A column while its row group is collected. */
interface PendingColumn {
  readonly column: Column;
  readonly parse: ValueParser;
  values: StoredValue[];
}

class ParquetBuilder {
  /** Rows and characters of the row group that is not written yet. */
  pendingRows = 0;
  pendingCharacters = 0;
  #rowCount = 0;
  readonly #columns: readonly PendingColumn[];
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;

  constructor(columns: readonly Column[], metadata: Readonly<Record<string, string>>) {
    this.#columns = columns.map((column) => ({ column, parse: valueParser(column), values: [] }));
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: "schema", num_children: columns.length }, ...columns.map(schemaElement)],
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      createdBy: CREATED_BY,
    });
  }

  /** @throws DataError if a field doesn't fit its column. */
  add(row: TextRow): void {
    this.#rowCount += 1;
    if (row.length !== this.#columns.length)
      throw this.#error(`it has ${row.length} fields instead of ${this.#columns.length}`);
    let index = 0;
    for (const pending of this.#columns) {
      const field = row[index++] ?? null;
      pending.values.push(field === null ? this.#noValue(pending.column) : this.#parse(pending, field));
      this.pendingCharacters += field?.length ?? 0;
    }
    this.pendingRows += 1;
  }

  /** The bytes of the rows since the last row group. */
  takeGroup(): Buffer {
    const columnData = this.#columns.map(({ column, values }) => ({ name: column.name, data: values }));
    // Without a method `flush` of the sink, nothing is awaited.
    void this.#writer.write({ columnData, rowGroupSize: this.pendingRows });
    for (const pending of this.#columns) pending.values = [];
    this.pendingRows = this.pendingCharacters = 0;
    return this.#takeBytes();
  }

  /** The bytes of the footer. */
  finish(): Buffer {
    void this.#writer.finish();
    return this.#takeBytes();
  }

  #takeBytes(): Buffer {
    const bytes = Buffer.from(this.#bytes.getBuffer());
    this.#bytes.index = 0;
    return bytes;
  }

  #noValue({ name, nullable }: Column): null {
    if (nullable !== true) throw this.#error(`${name} has no value`);
    return null;
  }

  #parse({ column, parse }: PendingColumn, field: string): StoredValue {
    try {
      return parse(field);
    } catch (error) {
      if (error instanceof NotOfType) throw this.#error(`${column.name} ${error.message}`);
      throw error;
    }
  }

  #error(problem: string): DataError {
    return new DataError(`row ${this.#rowCount} does not fit its columns: ${problem}`, {
      hint: "Compare the source's columns with the definition. Nothing was written.",
    });
  }
}
