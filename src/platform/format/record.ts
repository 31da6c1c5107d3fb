/** What the readers of all record formats have in common. A record is one line of a file; its code says its type. */
import type { Column } from "../columns";
import type { CopyWriter } from "./copy-writer";

/** What is wrong with a record. It never quotes a value, which may be personal data. */
export type Report = (reason: string, column?: string) => void;

/** Reads the records of one type. Everything but `read` is about the record that was read last. */
export interface RecordReader {
  readonly columns: readonly Column[];
  /**
   * Splits and checks the record in `bytes` from `start` to `end`. The bytes must be UTF-8.
   *
   * @param report is called with everything that is wrong.
   * @returns whether nothing is.
   */
  read(bytes: Buffer, start: number, end: number, report: Report): boolean;
  /** The column's value in PostgreSQL's text. Only for a record that is right. */
  text(column: number): string | null;
  /**
   * The number in a column, in units of its last digit; 0 for NULL. Undefined if the field can't be read, even if
   * other fields can.
   */
  units(column: number): number | bigint | undefined;
  /** Appends the record's fields, and the end of the record, for `COPY`. Only for a record that is right. */
  copyTo(writer: CopyWriter): void;
  /** Appends one field, without a separator. Only for a record that is right. */
  copyField(column: number, writer: CopyWriter): void;
}

/** A type of record in messages: `file header` for `fileHeader`. */
export function titleOf(type: string): string {
  return type.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The types of record that a file has, by name: `header`, `fileHeader`. */
export interface RecordFormat<Type extends string = string> {
  /** A record's type by its code; undefined if it has none of the format's. */
  typeOf(bytes: Buffer, start: number, end: number): Type | undefined;
  readonly readers: Readonly<Record<Type, RecordReader>>;
  /** The codes by which records are told apart, for messages. */
  readonly codes: readonly string[];
}
