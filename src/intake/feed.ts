/** A feed: what a bank's deliveries of one kind are. From a feed follow the checks of a file, and how it is loaded. */
import type { Column } from "../platform/columns";
import { type FixedPlaces, groupLayouts } from "./group-layouts";
import { type Layout, sourcesOf } from "./layout";
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

export interface FeedOptions<Name extends string> {
  /** Lower case, as in the names of files: `loans`. */
  readonly name: string;
  readonly version: number;
  /** The table with a column for each of the feed's. */
  readonly table: string;
  /** The rows' columns, in the order of a delimited record. */
  readonly columns: readonly Column<Name>[];
  readonly key: NoInfer<Name>;
  /** The reference by which a row belongs to a bank. */
  readonly owner: Reference<NoInfer<Name>>;
  /** Further columns that must have the key of a row of the same bank. */
  readonly references?: readonly Reference<NoInfer<Name>>[];
  /** A column whose values the table has only once. */
  readonly unique?: NoInfer<Name>;
  /** The column whose sum the trailer states; without it, the trailer states 0. */
  readonly controlTotal?: NoInfer<Name>;
  /** With more wrong records than these, the file is rejected; at most 1,000. The default is 0. */
  readonly maxRejectedRecords?: number;
  /** Where the fields are if the file may also come as fixed-width records. */
  readonly fixedWidth?: FixedPlaces<NoInfer<Name>>;
  /** How the files are written if not in the group's own layouts. */
  readonly layouts?: readonly [Layout, ...Layout[]];
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
  /** The first record of a file says which of them it has. */
  readonly layouts: readonly [Layout, ...Layout[]];
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
  const layouts = options.layouts ?? groupLayouts(options);
  for (const layout of layouts) expectRows(options, layout);
  return {
    ...{ name, version, table, key, columns, owner, unique, controlTotal, maxRejectedRecords },
    ...{ rhythm, rhythms },
    references: [owner, ...references],
    layouts,
  };
}

/** Statements are made from these names, so they are names and nothing else. */
const IDENTIFIER = /^[a-z][a-z0-9_]*$/;

function expectUsable(options: FeedOptions<string>): void {
  const { name, table, columns, key, owner, references = [], maxRejectedRecords = 0 } = options;
  const { rhythm, rhythms = {} } = options;
  const wrong = [name, table, ...columns.map((column) => column.name)].find((each) => !IDENTIFIER.test(each));
  if (wrong !== undefined) throw new Error(`the feed ${name} has a name that is not lower case: ${wrong}`);
  const keyType = columns.find((column) => column.name === key)?.type;
  if (keyType !== "int32" && keyType !== "int64") {
    throw new Error(`the key ${key} of the feed ${name} must be a whole number`);
  }
  // Without a key a record is no row, and without an owner the row is nobody's.
  const optional = columns.find((each) => each.nullable && (each.name === key || each.name === owner.column));
  if (optional !== undefined) {
    throw new Error(`the column ${optional.name} of the feed ${name} can't be nullable`);
  }
  if ([owner, ...references].some(({ to }) => to.table === table)) {
    // A wrong record would make all those wrong that refer to it.
    throw new Error(`the feed ${name} can't refer to its own table`);
  }
  if (maxRejectedRecords > MAX_REJECTED_RECORDS) {
    throw new Error(`the feed ${name} may tolerate ${MAX_REJECTED_RECORDS} wrong records at most`);
  }
  for (const each of [rhythm, ...Object.values(rhythms)]) if (each) expectRhythm(name, each);
}

/** Checks that the layout's records have the feed's columns, and those that are read with each record in that record. */
function expectRows({ columns, key, controlTotal }: FeedOptions<string>, layout: Layout): void {
  const sources = sourcesOf(columns, layout);
  for (const [at, { name }] of columns.entries()) {
    const isOwn = sources[at]?.type === layout.rows;
    if (!isOwn && (name === key || name === controlTotal))
      throw new Error(`the column ${name} must be in the record ${layout.rows}`);
  }
}
