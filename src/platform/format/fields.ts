/**
 * The check of one field by its column's type, on bytes: a file is checked without making a text of each field. Numbers
 * and dates are as PostgreSQL writes them.
 */
import { type Column, scaleOf, typeSize } from "../columns";

/** @returns what is wrong with the field, which is not empty; undefined if nothing is. */
export type FieldCheck = (bytes: Uint8Array, start: number, end: number) => string | undefined;

export const IS_EMPTY = "is empty";

export const MINUS = 0x2d;
export const PLUS = 0x2b;
export const POINT = 0x2e;
export const SPACE = 0x20;
export const ZERO = 0x30;
const NUL = 0x00;
const CR = 0x0d;

const INT32_DIGITS = 10;
const INT64_DIGITS = 19;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;

/** Before it, years are mistyped or placeholders; the extract leaves such dates out. */
const FIRST_YEAR = 1900;

export function checkOf({ type }: Column): FieldCheck {
  if (type === "int32") return checkInt32;
  if (type === "int64") return checkInt64;
  if (type === "date") return checkDate;
  if (type === "timestamp") return checkTimestamp;
  const size = typeSize(type);
  return type.startsWith("text(") ? textCheck(size) : decimalCheck(size, scaleOf(type));
}

/** The value of a digit, or NaN. */
function digit(byte: number | undefined): number {
  const value = (byte ?? 0) - ZERO;
  return value >= 0 && value <= 9 ? value : NaN;
}

/** The number that the digits make, up to 15 of them; NaN if one isn't a digit, or there is none. */
export function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = start < end ? 0 : NaN;
  for (let at = start; at < end; at++) value = value * 10 + digit(bytes[at]);
  return value;
}

/** A whole number of at most 15 digits; NaN if it is none. */
export function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  return bytes[start] === MINUS ? -digits(bytes, start + 1, end) : digits(bytes, start, end);
}

/** The bytes as text where each is one character: numbers, dates. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

const NOT_INT32 = `expected a whole number from -2147483648 to 2147483647`;

function checkInt32(bytes: Uint8Array, start: number, end: number): string | undefined {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end - first > INT32_DIGITS) return NOT_INT32;
  const value = digits(bytes, first, end);
  // NaN is not at most anything.
  return value <= (first === start ? MAX_INT32 : MAX_INT32 + 1) ? undefined : NOT_INT32;
}

const NOT_INT64 = "expected a whole number of 64 bits";

function checkInt64(bytes: Uint8Array, start: number, end: number): string | undefined {
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (end - first > INT64_DIGITS || !areDigits(bytes, first, end)) return NOT_INT64;
  const value = BigInt(asciiText(bytes, first, end));
  return value <= (first === start ? MAX_INT64 : MAX_INT64 + 1n) ? undefined : NOT_INT64;
}

function areDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (Number.isNaN(digit(bytes[at]))) return false;
  return start < end;
}

function decimalCheck(precision: number, scale: number): FieldCheck {
  const reason = `expected a number with at most ${precision - scale} digits before the point and ${scale} behind it`;
  return (bytes, start, end) => {
    const first = bytes[start] === MINUS ? start + 1 : start;
    const at = bytes.subarray(first, end).indexOf(POINT);
    const point = at < 0 ? end : first + at;
    if (point - first > precision - scale || !areDigits(bytes, first, point)) return reason;
    if (point === end) return undefined;
    return end - point - 1 <= scale && areDigits(bytes, point + 1, end) ? undefined : reason;
  };
}

const NOT_DATE = "expected a date that exists, YYYY-MM-DD, from 1900-01-01 to 9999-12-31";

function checkDate(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start !== 10 || bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS) return NOT_DATE;
  const year = digits(bytes, start, start + 4);
  const isThere = isDate(year, digits(bytes, start + 5, start + 7), digits(bytes, start + 8, end));
  return isThere ? undefined : NOT_DATE;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** False for NaN. */
export function isDate(year: number, month: number, day: number): boolean {
  if (!(year >= FIRST_YEAR && day >= 1)) return false;
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return day <= 29;
  return day <= (MONTH_DAYS[month - 1] ?? 0);
}

const NOT_TIMESTAMP = "expected an instant that exists, YYYY-MM-DDTHH:MM:SSZ";

function checkTimestamp(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start !== 20 || checkDate(bytes, start, start + 10) !== undefined) return NOT_TIMESTAMP;
  const [, hour, minute, second] = /^T(\d\d):(\d\d):(\d\d)Z$/.exec(asciiText(bytes, start + 10, end)) ?? [];
  return isTime(Number(hour), Number(minute), Number(second)) ? undefined : NOT_TIMESTAMP;
}

/** False for NaN. */
export function isTime(hour: number, minute: number, second: number): boolean {
  return hour <= 23 && minute <= 59 && second <= 59;
}

/** Of a text's characters, whatever its format: what PostgreSQL can't store, and what ends lines. */
export function checkCharacter(byte: number): string | undefined {
  if (byte === NUL) return "has a NUL character";
  if (byte === CR) return "has a carriage return";
  return undefined;
}

/** Whether a byte begins a character of UTF-8. */
export function beginsCharacter(byte: number): boolean {
  return (byte & 0xc0) !== 0x80;
}

export function tooLong(length: number): string {
  return `is longer than ${length} characters`;
}

function textCheck(length: number): FieldCheck {
  return (bytes, start, end) => {
    let count = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte <= CR) {
        const reason = checkCharacter(byte);
        if (reason !== undefined) return reason;
      }
      if (beginsCharacter(byte)) count += 1;
    }
    return count > length ? tooLong(length) : undefined;
  };
}
