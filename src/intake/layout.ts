/**
 * A layout: one way to write a feed's files. It says which types of record there are and in which order, what they state
 * of the file, and which of them make the rows.
 */
import type { Column } from "../platform/columns";
import { type Control, ControlFigures } from "../platform/format/controls";
import { type Order, RecordOrder } from "../platform/format/order";
import type { RecordFormat, RecordReader } from "../platform/format/record";

/** What a file must be by its name. */
export interface Identity {
  readonly feed: string;
  readonly version: number;
  readonly bankId: number;
  /** The bank's folder. */
  readonly bank: string;
  readonly businessTime: string;
}

/** What a record says of its file. It must be what the file's name says. */
export interface Claim<Type extends string = string> {
  readonly type: Type;
  readonly column: string;
  readonly of: "feed" | "version" | "bank" | "businessTime";
  /** What the column must have, as PostgreSQL writes it; without it, the feed's name, its version, `idbank`, the instant. */
  readonly written?: (identity: Identity) => string;
}

export interface LayoutOptions<Type extends string> {
  /** The types of record: `delimited` or `fixedWidth`. */
  readonly format: RecordFormat<Type>;
  readonly order: Order<NoInfer<Type>>;
  /** Each record of this type is a row, and the feed's columns are fields of it. Wrong ones may be tolerated. */
  readonly rows: NoInfer<Type>;
  /** Types of which the rows have fields as well: those of the last record before the row. */
  readonly rowsAlsoHave?: readonly NoInfer<Type>[];
  readonly claims: readonly Claim<NoInfer<Type>>[];
  readonly controls: readonly Control<NoInfer<Type>>[];
}

export interface Layout {
  readonly format: RecordFormat;
  readonly order: RecordOrder;
  readonly rows: string;
  readonly rowsAlsoHave: readonly string[];
  readonly claims: readonly Claim[];
  readonly controls: readonly Control[];
}

/** @throws Error if the parts don't fit each other. Names of types are checked at compile time. */
export function defineLayout<Type extends string>(options: LayoutOptions<Type>): Layout {
  const { format, order, rows, rowsAlsoHave = [], claims, controls } = options;
  const { readers } = format;
  for (const { type, column } of claims) {
    if (!readers[type].columns.some(({ name }) => name === column))
      throw new Error(`a claim needs the column ${column}, which the type ${type} doesn't have`);
  }
  // Refuses figures that the records don't have; each file gets figures of its own.
  new ControlFigures(format, controls);
  return { format, order: new RecordOrder(order), rows, rowsAlsoHave, claims, controls };
}

/** Where a row has a column from. */
export interface Source {
  readonly type: string;
  /** Of the record's columns, from 0. */
  readonly index: number;
}

/**
 * Finds each of a feed's columns in the layout's records.
 *
 * @throws Error if one isn't there, or is there with another type.
 */
export function sourcesOf(columns: readonly Column[], layout: Layout): readonly Source[] {
  const types = [layout.rows, ...layout.rowsAlsoHave];
  return columns.map(({ name, type, nullable }) => {
    for (const each of types) {
      const found = readerOf(layout, each).columns;
      const index = found.findIndex((column) => column.name === name);
      if (index < 0) continue;
      const isSame = found[index]?.type === type && found[index].nullable === nullable;
      if (isSame) return { type: each, index };
      throw new Error(`the column ${name} is another in the record ${each} than in the feed`);
    }
    throw new Error(`the column ${name} is in none of the records ${types.join(", ")}`);
  });
}

/** The reader of a type of record that the layout has. */
export function readerOf({ format }: Layout, type: string): RecordReader {
  const reader = format.readers[type];
  if (reader === undefined) throw new Error(`the layout has no type of record ${type}`);
  return reader;
}
