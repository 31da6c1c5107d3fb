/**
 * A column's values in Parquet: how the type is stored, and how a field's text becomes the stored value. Everything is
 * exact; no value passes through floating point.
 * Source: Apache Parquet, "Logical Types" (`LogicalTypes.md` of parquet-format).
 */
import type { SchemaElement } from "hyparquet";

import { type Column, typeParts } from "../columns";
import { DefinitionError } from "../errors";

/** What hyparquet-writer takes: numbers for INT32, bigints for INT64 and unscaled decimals, strings for text. */
export type StoredValue = number | bigint | string | null;

/** Why a text is not a value of its type, as the end of a sentence that begins with the column's name. */
export class NotOfType extends Error {}

/** Turns a field's text, as PostgreSQL or a CSV file writes it, into the stored value. @throws NotOfType */
export type ValueParser = (text: string) => Exclude<StoredValue, null>;

/** Digits that fit into INT64; wider decimals are stored as bytes. */
const INT64_DIGITS = 18;
/** What every reader supports; Athena's and Spark's limit. */
const MAX_DIGITS = 38;

/** The column's entry in the file's schema. @throws DefinitionError if Parquet can't store the type exactly. */
export function schemaElement({ name, type, nullable }: Column): SchemaElement {
  const element = { name, repetition_type: nullable === true ? "OPTIONAL" : "REQUIRED" } as const;
  const parts = typeParts(type);
  switch (parts.kind) {
    case "int32":
      return { ...element, type: "INT32" };
    case "int64":
      return { ...element, type: "INT64" };
    case "date":
      return { ...element, type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } };
    case "timestamp":
      return {
        ...{ ...element, type: "INT64", converted_type: "TIMESTAMP_MICROS" },
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
      };
    case "text":
      return { ...element, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
    case "decimal": {
      const { precision, scale } = parts;
      if (precision > MAX_DIGITS) {
        throw new DefinitionError(`the column ${name} has the type ${type}, which Parquet can't store`, {
          hint: `Use at most ${MAX_DIGITS} digits.`,
        });
      }
      const logical = { type: "DECIMAL", precision, scale } as const;
      const decimal = { converted_type: "DECIMAL", logical_type: logical, precision, scale } as const;
      return precision <= INT64_DIGITS
        ? { ...element, type: "INT64", ...decimal }
        : { ...element, type: "FIXED_LEN_BYTE_ARRAY", type_length: bytesFor(precision), ...decimal };
    }
  }
}

/** The fewest bytes whose two's complement holds every number of so many digits. */
function bytesFor(precision: number): number {
  let bytes = 1;
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes += 1;
  return bytes;
}

export function valueParser({ type }: Column): ValueParser {
  const parts = typeParts(type);
  switch (parts.kind) {
    case "int32":
      return parseInt32;
    case "int64":
      return parseInt64;
    case "date":
      return remembering(parseDate);
    case "timestamp":
      return parseTimestamp;
    case "text":
      return remembering((text) => checkText(text, parts.length));
    case "decimal":
      return decimalParser(parts.precision, parts.scale);
  }
}

/** Turns a stored value into text as PostgreSQL writes it, which {@link valueParser} turns into the same value. */
export function valueWriter({ type }: Column): (value: Exclude<StoredValue, null>) => string {
  const parts = typeParts(type);
  switch (parts.kind) {
    case "date":
      return (days) => dayText(Number(days));
    case "timestamp":
      return (micros) => timestampText(BigInt(micros));
    case "decimal":
      return (units) => decimalText(BigInt(units), parts.scale);
    case "int32":
    case "int64":
    case "text":
      return String;
  }
}

function dayText(days: number): string {
  return new Date(days * DAY_MS).toISOString().slice(0, "YYYY-MM-DD".length);
}

function timestampText(micros: bigint): string {
  const fraction = ((micros % SECOND) + SECOND) % SECOND;
  const seconds = new Date(Number((micros - fraction) / SECOND) * 1000).toISOString();
  const decimals = fraction === 0n ? "" : `.${String(fraction).padStart(6, "0")}`;
  return `${seconds.slice(0, "YYYY-MM-DDTHH:MM:SS".length).replace("T", " ")}${decimals}+00`;
}

function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const number = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return units < 0n ? `-${number}` : number;
}

const MINUS = 0x2d;
const ZERO = 0x30;

/** Digit by digit: three times as fast as a regular expression and Number(), and most columns are whole numbers. */
function parseInt32(text: string): number {
  const isNegative = text.charCodeAt(0) === MINUS;
  const first = isNegative ? 1 : 0;
  const digits = text.length - first;
  let value = digits >= 1 && digits <= 10 ? 0 : NaN;
  for (let at = first; at < text.length && !Number.isNaN(value); at++) {
    const digit = text.charCodeAt(at) - ZERO;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : NaN;
  }
  if (isNegative) value = -value;
  if ((value | 0) !== value) throw new NotOfType("is not a whole number of 32 bits");
  return value | 0;
}

function parseInt64(text: string): bigint {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value)
    throw new NotOfType("is not a whole number of 64 bits");
  return value;
}

function decimalParser(precision: number, scale: number): ValueParser {
  const limit = 10n ** BigInt(precision);
  const zeros = "0".repeat(scale);
  const refuse = () =>
    new NotOfType(
      `is not a decimal number of at most ${precision} digits, ${scale} of them behind the point`,
    );
  return (text) => {
    const [, whole, decimals = ""] = /^(-?\d{1,40})(?:\.(\d+))?$/.exec(text) ?? [];
    if (whole === undefined || decimals.length > scale) throw refuse();
    const units = BigInt(whole + decimals + zeros.slice(decimals.length));
    if (units >= limit || units <= -limit) throw refuse();
    return units;
  };
}

/** Counts characters as PostgreSQL does: code points. Half a surrogate pair is no character and has no UTF-8. */
function checkText(text: string, length: number): string {
  if (text.length > length && Array.from(text).length > length)
    throw new NotOfType(`has more than ${length} characters`);
  if (!text.isWellFormed()) throw new NotOfType("is not Unicode");
  return text;
}

/** Few enough to cost no memory to speak of, more than a bank has branches or a year has days. */
const REMEMBERED_VALUES = 5000;
const REMEMBERED_CHARACTERS = 256;

/**
 * The same parser, which keeps its latest results: most texts and days come again and again. So a row group holds each
 * text once; without this, a field would keep the whole chunk of the file alive of which it is a part.
 */
function remembering<Value>(parse: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (text.length > REMEMBERED_CHARACTERS || !text.isWellFormed()) return parse(text);
    const copy = Buffer.from(text).toString();
    const value = parse(copy);
    if (known.size >= REMEMBERED_VALUES) known.clear();
    known.set(copy, value);
    return value;
  };
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Days since 1970-01-01, for the years 0001 to 9999. */
function parseDate(text: string): number {
  const [, year, month, day] = DATE.exec(text) ?? [];
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  if (days === undefined) throw new NotOfType("is not a date as YYYY-MM-DD");
  return days;
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|\+00(?::?00)?)$/;

/** Microseconds since 1970-01-01T00:00:00Z. */
function parseTimestamp(text: string): bigint {
  const [, year, month, day, hour, minute, second, fraction = ""] = TIMESTAMP.exec(text) ?? [];
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)];
  if (days === undefined || hours > 23 || minutes > 59 || seconds > 59)
    throw new NotOfType("is not a UTC timestamp as YYYY-MM-DD HH:MM:SS+00");
  const sinceEpoch = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  return BigInt(sinceEpoch) * SECOND + BigInt(fraction.padEnd(6, "0"));
}

/** In microseconds. */
const SECOND = 1_000_000n;

const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAY_MS = 86_400_000;

/** Undefined if there is no such day. */
function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lastDay = (DAYS_OF_MONTH[month - 1] ?? 0) + (isLeap && month === 2 ? 1 : 0);
  if (!(year >= 1 && day >= 1 && day <= lastDay)) return undefined;
  // Date.UTC takes a year below 100 for one of the twentieth century. The calendar repeats itself every 400 years.
  return Date.UTC(year + 400, month - 1, day) / DAY_MS - DAYS_OF_400_YEARS;
}

const DAYS_OF_400_YEARS = 146_097;
