/**
 * Records of a fixed number of characters, with each field at its place, such as `D+0000070001…`. A file may have any
 * number of record types, told apart by a code at one place. Numbers are right-aligned with zeros, with a leading sign
 * or without; a decimal's point is not written. Dates are `YYYYMMDD`, or `YYMMDD` from 2000 on, instants
 * `YYYYMMDDTHHMMSSZ`, texts are left-aligned. Blanks are NULL. What belongs to no field must be blank.
 */
import { BACKSLASH, type CopyWriter, SEPARATOR } from "./copy-writer";
import { hasCode } from "./delimited";
import { asciiText, beginsCharacter, SPACE, wholeNumber } from "./fields";
import { type FieldReader, fieldReader, type FixedField, WRONG } from "./fixed-fields";
import type { RecordFormat, RecordReader, Report } from "./record";
import { decimalUnits } from "./units";

export interface FixedWidthType {
  readonly code: string;
  readonly fields: readonly FixedField[];
}

export interface FixedWidthLayout<Type extends string> {
  /** Characters of each record. */
  readonly width: number;
  /** Where a record's code begins; the first character is 1. */
  readonly codeAt: number;
  /** By name. */
  readonly types: Readonly<Record<Type, FixedWidthType>>;
}

export function fixedWidth<const Type extends string>({
  width,
  codeAt,
  types,
}: FixedWidthLayout<Type>): RecordFormat<Type> {
  const names = Object.keys(types) as Type[];
  // A longer code may begin with a shorter one.
  const codes = names
    .map((name) => ({ name, bytes: Buffer.from(types[name].code) }))
    .sort((one, other) => other.bytes.length - one.bytes.length);
  return {
    codes: names.map((name) => shortened(types[name].code)),
    typeOf: (bytes, start, end) =>
      codes.find(({ bytes: code }) => hasCode(bytes, start + codeAt - 1, end, code))?.name,
    readers: Object.fromEntries(
      names.map((name) => [name, new FixedWidthReader(width, codeAt, types[name])]),
    ) as unknown as Record<Type, RecordReader>,
  };
}

function shortened(code: string): string {
  return code.length > LONG_CODE ? `${code.slice(0, LONG_CODE)}…` : code;
}

const LONG_CODE = 20;

/** Writes each field as PostgreSQL would, then checks that as any other format's. */
class FixedWidthReader implements RecordReader {
  readonly columns: readonly FixedField[];
  readonly #width: number;
  readonly #fields: readonly FieldReader[];
  /** Characters, counted from 0, that belong to no field. */
  readonly #blanks: readonly number[];
  /** Where each character of a record begins that has others than ASCII's. */
  readonly #offsets: Int32Array;
  /** The fields of the record that was read last as PostgreSQL writes them, and where each of them ends. */
  readonly #written: Buffer;
  readonly #ends: Int32Array;
  #wrongColumns = new Set<number>();
  #hasRightWidth = false;

  constructor(width: number, codeAt: number, { code, fields }: FixedWidthType) {
    this.#width = width;
    this.columns = fields;
    this.#fields = fields.map(fieldReader);
    const taken = new Set<number>();
    for (const { at, length } of [{ at: codeAt, length: code.length }, ...fields]) {
      for (let each = at; each < at + length; each++) taken.add(each - 1);
    }
    this.#blanks = Array.from({ length: width }, (_, at) => at).filter((at) => !taken.has(at));
    this.#offsets = new Int32Array(width + 1);
    // No character has more than four bytes; a date gets two hyphens, a number a point.
    this.#written = Buffer.alloc(4 * width + 8 * fields.length);
    this.#ends = new Int32Array(fields.length);
  }

  read(bytes: Buffer, start: number, end: number, report: Report): boolean {
    if (this.#wrongColumns.size > 0) this.#wrongColumns = new Set();
    const count = characterCount(bytes, start, end);
    this.#hasRightWidth = count === this.#width;
    if (!this.#hasRightWidth) {
      report(`has ${count} characters instead of ${this.#width}`);
      return false;
    }
    const offsets = end - start === count ? undefined : this.#locate(bytes, start, end);
    const offset = (at: number) => (offsets === undefined ? start + at : (offsets[at] ?? 0));
    let isRight = this.#areBlank(bytes, offset, report);
    let written = 0;
    for (let column = 0; column < this.#fields.length; column++) {
      const reader = this.#fields[column];
      if (reader === undefined) continue;
      const { field, write, check, expected } = reader;
      const first = field.at - 1;
      const to = write(bytes, offset(first), offset(first + field.length), this.#written, written);
      const reason = to === WRONG ? expected : check(this.#written, written, to);
      if (to !== WRONG) written = to;
      this.#ends[column] = written;
      if (reason === undefined) continue;
      this.#wrongColumns.add(column);
      report(reason, field.name);
      isRight = false;
    }
    return isRight;
  }

  text(column: number): string | null {
    const [start, end] = this.#range(column);
    return start === end ? null : this.#written.toString("utf8", start, end);
  }

  units(column: number): number | bigint | undefined {
    if (!this.#hasRightWidth || this.#wrongColumns.has(column)) return undefined;
    const [start, end] = this.#range(column);
    if (start === end) return 0;
    const type = this.columns[column]?.type ?? "int64";
    if (type === "int32") return wholeNumber(this.#written, start, end);
    return decimalUnits(asciiText(this.#written, start, end), type);
  }

  copyTo(writer: CopyWriter): void {
    writer.reserve(2 * this.#written.length);
    for (let column = 0; column < this.columns.length; column++) {
      if (column > 0) writer.endField();
      this.#append(column, writer);
    }
    writer.endRecord();
  }

  copyField(column: number, writer: CopyWriter): void {
    const [start, end] = this.#range(column);
    writer.reserve(2 * (end - start));
    this.#append(column, writer);
  }

  #append(column: number, writer: CopyWriter): void {
    const [start, end] = this.#range(column);
    for (let at = start; at < end; at++) {
      const byte = this.#written[at] ?? 0;
      if (byte === BACKSLASH || byte === SEPARATOR) writer.byte(BACKSLASH);
      writer.byte(byte);
    }
  }

  #range(column: number): readonly [number, number] {
    return [column === 0 ? 0 : (this.#ends[column - 1] ?? 0), this.#ends[column] ?? 0];
  }

  #locate(bytes: Buffer, start: number, end: number): Int32Array {
    let character = 0;
    for (let at = start; at < end; at++) {
      if (beginsCharacter(bytes[at] ?? 0)) this.#offsets[character++] = at;
    }
    this.#offsets[character] = end;
    return this.#offsets;
  }

  #areBlank(bytes: Buffer, offset: (at: number) => number, report: Report): boolean {
    const wrong = this.#blanks.find((at) => bytes[offset(at)] !== SPACE);
    if (wrong === undefined) return true;
    report(`has something at character ${wrong + 1}, which must be blank`);
    return false;
  }
}

function characterCount(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (beginsCharacter(bytes[at] ?? 0)) count += 1;
  return count;
}
