/**
 * Records of fields separated by `|`, such as `D|70001|4711|250000|2026-09-14`; the first field is the record's code.
 * An empty field is NULL. Inside a text, `|` is written `\p`, a backslash `\\`, a line feed `\n`, a carriage return
 * `\r`. Except for `\p`, that is the text format of `COPY`, so fields are copied as they are.
 */
import { type Column, typeSize } from "../columns";
import { BACKSLASH, type CopyWriter, SEPARATOR } from "./copy-writer";
import {
  beginsCharacter,
  checkCharacter,
  checkOf,
  type FieldCheck,
  IS_EMPTY,
  tooLong,
  wholeNumber,
} from "./fields";
import { decimalUnits } from "./units";
import type { RecordFormat, RecordReader, Report } from "./record";

/** A type of record: its code, and the columns behind it. */
export interface DelimitedType {
  readonly code: string;
  readonly columns: readonly Column[];
}

/** @param types by name. */
export function delimited<const Type extends string>(
  types: Readonly<Record<Type, DelimitedType>>,
): RecordFormat<Type> {
  const names = Object.keys(types) as Type[];
  const codes = names.map((name) => ({ name, bytes: Buffer.from(`${types[name].code}|`) }));
  return {
    codes: names.map((name) => `${types[name].code}|`),
    typeOf: (bytes, start, end) => codes.find(({ bytes: code }) => hasCode(bytes, start, end, code))?.name,
    readers: Object.fromEntries(
      names.map((name) => [name, new DelimitedReader(types[name])]),
    ) as unknown as Record<Type, RecordReader>,
  };
}

export function hasCode(bytes: Buffer, start: number, end: number, code: Buffer): boolean {
  if (end - start < code.length) return false;
  for (let at = 0; at < code.length; at++) if (bytes[start + at] !== code[at]) return false;
  return true;
}

const LETTER_P = 0x70;
/** The letters behind a backslash, and what they mean. */
const escapes = new Map([
  [LETTER_P, "|"],
  [BACKSLASH, "\\"],
  [0x6e, "\n"],
  [0x72, "\r"],
]);
const escaped = new Map([...escapes].map(([letter, text]) => [`\\${String.fromCharCode(letter)}`, text]));

class DelimitedReader implements RecordReader {
  readonly columns: readonly Column[];
  readonly #checks: readonly FieldCheck[];
  readonly #codeLength: number;
  /** Of the record that was read last: where each field begins; one past the end of a field begins the next. */
  readonly #starts: Int32Array;
  #bytes: Buffer = Buffer.alloc(0);
  #wrongColumns = new Set<number>();
  #hasAllFields = false;

  constructor({ code, columns }: DelimitedType) {
    this.columns = columns;
    this.#codeLength = Buffer.byteLength(code) + 1;
    this.#checks = columns.map(fieldCheck);
    this.#starts = new Int32Array(columns.length + 1);
  }

  read(bytes: Buffer, start: number, end: number, report: Report): boolean {
    this.#bytes = bytes;
    if (this.#wrongColumns.size > 0) this.#wrongColumns = new Set();
    const starts = this.#starts;
    const count = this.columns.length;
    starts[0] = start + this.#codeLength;
    let found = 1;
    for (let at = start + this.#codeLength; at < end; at++) {
      if (bytes[at] !== SEPARATOR) continue;
      if (found <= count) starts[found] = at + 1;
      found += 1;
    }
    this.#hasAllFields = found === count;
    if (!this.#hasAllFields) {
      report(`has ${found} fields behind its code instead of ${count}`);
      return false;
    }
    starts[count] = end + 1;
    for (let column = 0; column < count; column++) this.#check(column, report);
    return this.#wrongColumns.size === 0;
  }

  text(column: number): string | null {
    const [start, end] = this.#field(column);
    if (start === end) return null;
    const text = this.#bytes.toString("utf8", start, end);
    return text.includes("\\") ? text.replace(/\\./g, (pair) => escaped.get(pair) ?? pair) : text;
  }

  units(column: number): number | bigint | undefined {
    if (!this.#hasAllFields || this.#wrongColumns.has(column)) return undefined;
    const [start, end] = this.#field(column);
    if (start === end) return 0;
    const type = this.columns[column]?.type ?? "int64";
    return type === "int32"
      ? wholeNumber(this.#bytes, start, end)
      : decimalUnits(this.text(column) ?? "", type);
  }

  copyTo(writer: CopyWriter): void {
    const start = this.#starts[0] ?? 0;
    const end = (this.#starts[this.columns.length] ?? 0) - 1;
    writer.reserve(end - start + 1);
    this.#append(start, end, writer);
    writer.endRecord();
  }

  copyField(column: number, writer: CopyWriter): void {
    const [start, end] = this.#field(column);
    writer.reserve(end - start);
    this.#append(start, end, writer);
  }

  #append(start: number, end: number, writer: CopyWriter): void {
    const bytes = this.#bytes;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      writer.byte(byte);
      if (byte !== BACKSLASH) continue;
      at += 1;
      writer.byte(bytes[at] === LETTER_P ? SEPARATOR : (bytes[at] ?? 0));
    }
  }

  #field(column: number): readonly [number, number] {
    return [this.#starts[column] ?? 0, (this.#starts[column + 1] ?? 0) - 1];
  }

  #check(column: number, report: Report): void {
    const start = this.#starts[column] ?? 0;
    const end = (this.#starts[column + 1] ?? 0) - 1;
    const reason = this.#checks[column]?.(this.#bytes, start, end);
    if (reason === undefined) return;
    this.#wrongColumns.add(column);
    report(reason, this.columns[column]?.name);
  }
}

function fieldCheck(column: Column): FieldCheck {
  const check = column.type.startsWith("text(") ? escapedTextCheck(typeSize(column.type)) : checkOf(column);
  const ifEmpty = column.nullable ? undefined : IS_EMPTY;
  return (bytes, start, end) => (start === end ? ifEmpty : check(bytes, start, end));
}

function escapedTextCheck(length: number): FieldCheck {
  return (bytes, start, end) => {
    let count = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const reason = checkCharacter(byte);
      if (reason !== undefined) return reason;
      if (beginsCharacter(byte)) count += 1;
      if (byte !== BACKSLASH) continue;
      at += 1;
      // A backslash at the end of the field has the separator, or the next line, behind it.
      if (at === end || !escapes.has(bytes[at] ?? 0))
        return "has a backslash that begins no escape: \\p, \\\\, \\n, \\r";
    }
    return count > length ? tooLong(length) : undefined;
  };
}
