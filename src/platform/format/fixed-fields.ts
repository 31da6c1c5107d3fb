/** The fields of fixed-width records: from characters at their place to a value as PostgreSQL writes it. */
import { type Column, scaleOf } from "../columns";
import { checkOf, type FieldCheck, IS_EMPTY, MINUS, PLUS, POINT, SPACE, ZERO } from "./fields";

/** A column at its place. */
export interface FixedField extends Column {
  /** Of the field's first character; the record's first is 1. */
  readonly at: number;
  readonly length: number;
  /** A number begins with `+` or `-`. */
  readonly signed?: true;
}

/**
 * Writes a field's value as PostgreSQL does, and nothing for blanks.
 *
 * @returns where the value ends in `target`; WRONG if the field isn't as its type is written.
 */
type FieldWriter = (source: Buffer, start: number, end: number, target: Buffer, at: number) => number;

export const WRONG = -1;

export interface FieldReader {
  readonly field: FixedField;
  readonly write: FieldWriter;
  /** Of what was written. */
  readonly check: FieldCheck;
  /** How the field must be written. */
  readonly expected: string;
}

/** Characters of a date without its century, which is this one. */
const SHORT_DATE = 6;

export function fieldReader(field: FixedField): FieldReader {
  const { write, check, expected } = typeReader(field);
  const ifEmpty = field.nullable ? undefined : IS_EMPTY;
  return {
    ...{ field, write, expected },
    check: (bytes, start, end) => (start === end ? ifEmpty : check(bytes, start, end)),
  };
}

function typeReader(field: FixedField): Omit<FieldReader, "field"> {
  const { type, signed, length } = field;
  const check = checkOf(field);
  if (type.startsWith("text(")) return { write: writeText, check, expected: "" };
  if (type === "date" && length === SHORT_DATE) {
    return templateReader("20dd-dd-dd", "a date that exists, YYMMDD, from 2000 on", check);
  }
  if (type === "date")
    return templateReader("dddd-dd-dd", "a date that exists, YYYYMMDD, from 1900 on", check);
  if (type === "timestamp") {
    return templateReader("dddd-dd-ddTdd:dd:ddZ", "an instant that exists, YYYYMMDDTHHMMSSZ", check);
  }
  const expected = signed === true ? `expected + or - and ${length - 1} digits` : `expected ${length} digits`;
  return { write: numberWriter(signed === true, scaleOf(type)), check, expected };
}

function writeText(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let last = end;
  while (last > start && source[last - 1] === SPACE) last -= 1;
  return at + source.copy(target, at, start, last);
}

function isBlank(source: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (source[at] !== SPACE) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function numberWriter(signed: boolean, scale: number): FieldWriter {
  return (source, start, end, target, at) => {
    if (isBlank(source, start, end)) return at;
    let first = start;
    let written = at;
    if (signed) {
      if (source[first] !== PLUS && source[first] !== MINUS) return WRONG;
      if (source[first++] === MINUS) target[written++] = MINUS;
    }
    while (first < end - scale - 1 && source[first] === ZERO) first += 1;
    for (; first < end; first++) {
      const byte = source[first] ?? 0;
      if (!isDigit(byte)) return WRONG;
      if (first === end - scale) target[written++] = POINT;
      target[written++] = byte;
    }
    return written;
  };
}

/** Of a template, `d` is a digit, `T` and `Z` are themselves, and the other characters are not in the field. */
function templateReader(template: string, what: string, check: FieldCheck): Omit<FieldReader, "field"> {
  const expected = `expected ${what}`;
  const characters = Array.from(template, (character) => character.charCodeAt(0));
  const [digit, ...literals] = Array.from("dTZ", (character) => character.charCodeAt(0));
  const write: FieldWriter = (source, start, end, target, at) => {
    if (isBlank(source, start, end)) return at;
    let from = start;
    let written = at;
    for (const character of characters) {
      const byte = source[from] ?? 0;
      const isDigitHere = character === digit;
      const isInField = isDigitHere || literals.includes(character);
      if (isDigitHere ? !isDigit(byte) : isInField && byte !== character) return WRONG;
      target[written++] = isInField ? byte : character;
      if (isInField) from += 1;
    }
    return from === end ? written : WRONG;
  };
  const checkWritten: FieldCheck = (bytes, start, end) =>
    check(bytes, start, end) === undefined ? undefined : expected;
  return { write, check: checkWritten, expected };
}
