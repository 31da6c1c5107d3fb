/** A feed: what a bank's deliveries of one kind are. From a feed follow the checks of a file, and how it is loaded. */
import { type Column, scaleOf } from "../platform/columns";
import { delimited } from "../platform/format/delimited";
import type { FixedField } from "../platform/format/fixed-fields";
import { fixedWidth } from "../platform/format/fixed-width";
import type { Control } from "../platform/format/controls";
import type { RecordFormat } from "../platform/format/record";
import { expectRhythm, type Rhythm } from "./rhythm";

/** A table of the database whose rows belong to banks. */
export interface OwnedTable {
  readonly table: string;
  /** The column of its primary key, a whole number. */
  readonly key: string;
  /** A row belongs to the bank with this id, or to that of the row that it refers to. */
  readonly owner: { readonly bankColumn: string } | Reference;
}

/** A column that has the key of a row in another table. */
export interface Reference<Name extends string = string> {
  readonly column: Name;
  readonly to: OwnedTable;
}

export const branch: OwnedTable = { table: "branch", key: "idbranch", owner: { bankColumn: "bank_idbank" } };

/** A type of record, of which each file has one header, any number of details and one trailer. */
export type RecordName = "header" | "detail" | "trailer";

/** One way to write a feed's files. */
export interface FileFormat extends RecordFormat<RecordName> {
  /** The feed's name as the header has it. */
  readonly feedName: string;
}

/** Where a field is: its first character, counted from 1, and its length. */
export type Place = Pick<FixedField, "at" | "length" | "signed">;

export interface FixedPlaces<Name extends string> {
  /** Characters of a record. */
  readonly width: number;
  readonly header: Readonly<Record<"feed" | "version" | "bank" | "business_time", Place>>;
  readonly detail: Readonly<Record<Name, Place>>;
  readonly trailer: Readonly<Record<"records" | "total", Place>>;
}

export interface FeedOptions<Name extends string> {
  /** Lower case, as in the names of files: `loans`. */
  readonly name: string;
  readonly version: number;
  /** The table with a column for each of the feed's. */
  readonly table: string;
  /** The details' columns, in the order of a delimited record. */
  readonly columns: readonly Column<Name>[];
  readonly key: NoInfer<Name>;
  /** The reference by which a row belongs to a bank. */
  readonly owner: Reference<NoInfer<Name>>;
  /** Further columns that must have the key of a row of the same bank. */
  readonly references?: readonly Reference<NoInfer<Name>>[];
  /** A column whose values the table has only once. */
  readonly unique?: NoInfer<Name>;
  /** The column that the trailer's control total adds up; without it, the total is 0. */
  readonly controlTotal?: NoInfer<Name>;
  /** With more wrong records than these, the file is rejected; at most 1,000. The default is 0. */
  readonly maxRejectedRecords?: number;
  /** Where the fields are if the file may also come as fixed-width records. */
  readonly fixedWidth?: FixedPlaces<NoInfer<Name>>;
  /** When banks deliver the feed; without it, no delivery is ever missing or late. */
  readonly rhythm?: Rhythm;
  /** Banks with a rhythm of their own, by their folders; null for a bank that doesn't deliver the feed. */
  readonly rhythms?: Readonly<Record<string, Rhythm | null>>;
}

export interface Feed extends OwnedTable {
  readonly name: string;
  readonly version: number;
  readonly columns: readonly Column[];
  readonly owner: Reference;
  /** With the owner. */
  readonly references: readonly Reference[];
  readonly unique: string | undefined;
  readonly controlTotal: string | undefined;
  readonly maxRejectedRecords: number;
  readonly formats: readonly [FileFormat, ...FileFormat[]];
  readonly controls: readonly Control<RecordName>[];
  readonly rhythm: Rhythm | undefined;
  readonly rhythms: Readonly<Record<string, Rhythm | null>>;
}

/** When a bank delivers a feed; undefined if no delivery is expected of it. */
export function rhythmOf({ rhythm, rhythms }: Feed, bank: string): Rhythm | undefined {
  const own = rhythms[bank];
  return own === undefined ? rhythm : (own ?? undefined);
}

/** As many as a report quotes, so that all rejected records of a loaded delivery are kept. */
export const MAX_REJECTED_RECORDS = 1000;

/** Checks at compile time that the feed refers to its own columns only. */
export function defineFeed<const Name extends string>(options: FeedOptions<Name>): Feed {
  const { columns, owner, references = [], unique, controlTotal, maxRejectedRecords = 0 } = options;
  expectUsable(options);
  const { name, version, table, key, rhythm, rhythms = {} } = options;
  return {
    ...{ name, version, table, key, columns, owner, unique, controlTotal, maxRejectedRecords },
    ...{ rhythm, rhythms },
    references: [owner, ...references],
    formats: formatsOf(options),
    controls: [
      {
        name: "number of details",
        over: { detail: null },
        statedBy: { type: "trailer", column: "records" },
      },
      {
        name: "control total",
        over: controlTotal === undefined ? {} : { detail: controlTotal },
        statedBy: { type: "trailer", column: "total" },
      },
    ],
  };
}

/** Statements are made from these names, so they are names and nothing else. */
const IDENTIFIER = /^[a-z][a-z0-9_]*$/;

function expectUsable(options: FeedOptions<string>): void {
  const { name, table, columns, key, maxRejectedRecords = 0, rhythm, rhythms = {} } = options;
  const wrong = [name, table, ...columns.map((column) => column.name)].find((each) => !IDENTIFIER.test(each));
  if (wrong !== undefined) throw new Error(`the feed ${name} has a name that is not lower case: ${wrong}`);
  const keyType = columns.find((column) => column.name === key)?.type;
  if (keyType !== "int32" && keyType !== "int64") {
    throw new Error(`the key ${key} of the feed ${name} must be a whole number`);
  }
  if (maxRejectedRecords > MAX_REJECTED_RECORDS) {
    throw new Error(`the feed ${name} may tolerate ${MAX_REJECTED_RECORDS} wrong records at most`);
  }
  for (const each of [rhythm, ...Object.values(rhythms)]) if (each) expectRhythm(name, each);
}

const headerColumns: readonly Column<keyof FixedPlaces<string>["header"]>[] = [
  { name: "feed", type: "text(63)", meaning: "the feed's name" },
  { name: "version", type: "int32", meaning: "the version of the feed's format" },
  { name: "bank", type: "int32", meaning: "the bank's `idbank`" },
  { name: "business_time", type: "timestamp", meaning: "the instant to which the content is true" },
];

function trailerColumns(scale: number): Column<keyof FixedPlaces<string>["trailer"]>[] {
  return [
    { name: "records", type: "int64", meaning: "the number of details" },
    { name: "total", type: `decimal(38,${scale})`, meaning: "the control total" },
  ];
}

function formatsOf<Name extends string>(options: FeedOptions<Name>): [FileFormat, ...FileFormat[]] {
  const { name, columns, controlTotal, fixedWidth: places } = options;
  const controlled = columns.find((column) => column.name === controlTotal);
  const trailer = trailerColumns(controlled === undefined ? 0 : scaleOf(controlled.type));
  const format = delimited({
    detail: { code: "D", columns },
    header: { code: "H", columns: headerColumns },
    trailer: { code: "T", columns: trailer },
  });
  const first: FileFormat = { ...format, feedName: name };
  if (places === undefined) return [first];
  const fixed = fixedWidth({
    width: places.width,
    codeAt: 1,
    types: {
      detail: { code: "D", fields: placed(columns, places.detail) },
      header: { code: `H${name.toUpperCase()}`, fields: placed(headerColumns, places.header) },
      trailer: { code: "T", fields: placed(trailer, places.trailer) },
    },
  });
  return [first, { ...fixed, feedName: name.toUpperCase() }];
}

function placed<Name extends string>(
  columns: readonly Column<Name>[],
  places: Readonly<Record<Name, Place>>,
): FixedField[] {
  return columns.map((column) => ({ ...column, ...places[column.name] }));
}
