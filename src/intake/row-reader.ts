/** The rows that a file's records make: fields of one record, and of records before it. */
import type { Column } from "../platform/columns";
import { CopyWriter } from "../platform/format/copy-writer";
import type { RecordReader } from "../platform/format/record";
import { type Layout, readerOf, sourcesOf } from "./layout";

interface Field {
  readonly type: string;
  readonly reader: RecordReader;
  readonly index: number;
  /** Of a record before the row: its value, and the same for `COPY`. */
  kept: { readonly text: string | null; readonly copied: Buffer } | undefined;
}

/** Of one file. Its columns are the feed's. It is at a row while the record that makes the row is the last of its type. */
export class RowReader {
  readonly #record: RecordReader;
  readonly #fields: readonly Field[];
  /** The row has the record's fields and no others, in the same order. */
  readonly #isRecord: boolean;

  constructor(columns: readonly Column[], layout: Layout) {
    this.#record = readerOf(layout, layout.rows);
    this.#fields = sourcesOf(columns, layout).map(({ type, index }) => {
      return { type, reader: readerOf(layout, type), index, kept: undefined };
    });
    this.#isRecord =
      this.#fields.length === this.#record.columns.length &&
      this.#fields.every(({ type, index }, column) => type === layout.rows && index === column);
  }

  /** Keeps what later rows have of a record, which was read last of its type and is right. */
  keep(type: string): void {
    const fields = this.#fields.filter((field) => field.type === type);
    if (fields.length === 0) return;
    const writer = new CopyWriter();
    for (const field of fields) {
      field.reader.copyField(field.index, writer);
      field.kept = { text: field.reader.text(field.index), copied: writer.take() };
    }
  }

  /** The value in PostgreSQL's text. */
  text(column: number): string | null {
    const field = this.#fields[column];
    if (field === undefined) return null;
    return field.kept === undefined ? field.reader.text(field.index) : field.kept.text;
  }

  /** Appends the row for `COPY`. */
  copyTo(writer: CopyWriter): void {
    if (this.#isRecord) {
      this.#record.copyTo(writer);
      return;
    }
    for (const [column, { reader, index, kept }] of this.#fields.entries()) {
      writer.reserve(1 + (kept?.copied.length ?? 0));
      if (column > 0) writer.endField();
      if (kept === undefined) reader.copyField(index, writer);
      else writer.bytes(kept.copied, 0, kept.copied.length);
    }
    writer.reserve(1);
    writer.endRecord();
  }
}
