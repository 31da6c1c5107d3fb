/** A dataset that is made of files which a tenant writes to `raw/` of its bucket. */
import type { Column } from "../platform/columns";
import type { Dataset, Total } from "./dataset";

/** A row's fields by column: text as PostgreSQL writes it, null for no value. */
export type RawRow<Name extends string = string> = Readonly<Record<Name, string | null>>;

/** A column of the dataset. Without `value`, it is a column of the file; with it, its values are calculated. */
export interface RawColumn<Name extends string = string> extends Column<Name> {
  /** The value of a row that was checked. It gets the fields of the file's columns, normalised. */
  readonly value?: (row: RawRow) => string | null;
}

export interface RawDataset<Name extends string = string> extends Dataset<Name> {
  readonly columns: readonly RawColumn<Name>[];
  /** The column of the file with the date by which a row belongs to a month. */
  readonly monthColumn: Name;
}

/** Checks at compile time that `monthColumn` and totals refer to columns of the dataset. */
export function defineRawDataset<const Name extends string>(dataset: {
  readonly name: string;
  readonly columns: readonly RawColumn<Name>[];
  readonly monthColumn: NoInfer<Name>;
  readonly totals: readonly Total<NoInfer<Name>>[];
}): RawDataset<Name> {
  return dataset;
}

/** The columns that a file has, in order: its header line. */
export function fileColumns({ columns }: RawDataset): readonly RawColumn[] {
  return columns.filter(({ value }) => value === undefined);
}
