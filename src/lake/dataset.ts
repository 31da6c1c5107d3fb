/** What a dataset is: a table of each tenant's lake, whose columns never change except by new ones at the end. */
import { createHash } from "node:crypto";

import { type Column, scaleOf } from "../platform/columns";
import type { TextRow } from "../platform/format/parquet";
import type { ReadValue } from "../platform/format/parquet-reader";
import { decimalUnits } from "../platform/format/units";

/** A table of each tenant's lake. */
export interface Dataset<Name extends string = string> {
  /** The table's name. */
  readonly name: string;
  /** The columns of the Parquet files. */
  readonly columns: readonly Column<Name>[];
  readonly totals: readonly Total<Name>[];
}

/** A dataset that is made of the published months of an extract, and has the extract's name. */
export interface ExtractDataset<Name extends string = string> extends Dataset<Name> {
  /** The folder of the extract's manifests below the prefix: empty, or ends with a slash. */
  readonly folder: string;
  /** The columns of the extract's files by which every row is checked: the bank's id, and the month or a day of it. */
  readonly bankColumn: string;
  readonly monthColumn: string;
}

/** A control total, under the name by which the source states it. */
export interface Total<Name extends string = string> {
  readonly name: string;
  /** The column to add up; without it, every row counts one. */
  readonly column?: Name;
  /** The column is the mean of this many whole numbers: their sums are added up, not the means. */
  readonly meanOf?: number;
}

/** Checks at compile time that totals refer to columns of the dataset. */
export function defineDataset<const Name extends string>(
  dataset: Omit<ExtractDataset<Name>, "totals"> & { readonly totals: readonly Total<NoInfer<Name>>[] },
): ExtractDataset<Name> {
  return dataset;
}

/** SHA-256 of what decides the content of a file: the columns' names and types, in order. */
export function definitionSha256({ columns }: Dataset): string {
  const decisive = columns.map(({ name, type, nullable }) => [name, type, nullable === true]);
  return createHash("sha256").update(JSON.stringify(decisive)).digest("hex");
}

/** Adds up a file's control totals from the values that are stored in it. */
export class ControlTotals {
  readonly #dataset: Dataset;
  readonly #sums: bigint[];
  #rowCount = 0n;

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
    this.#sums = dataset.totals.map(() => 0n);
  }

  /** Adds all values of a column of some rows. NULL adds nothing. */
  add(columnIndex: number, values: readonly ReadValue[]): void {
    const column = this.#dataset.columns[columnIndex];
    if (columnIndex === 0) this.#rowCount += BigInt(values.length);
    for (const [index, total] of this.#dataset.totals.entries()) {
      if (column === undefined || total.column !== column.name) continue;
      const toNumber = unitsOf(total, scaleOf(column.type));
      this.#sums[index] = values.reduce<bigint>(
        (sum, value) => sum + (value === null ? 0n : toNumber(BigInt(value))),
        this.#sums[index] ?? 0n,
      );
    }
  }

  /** Adds rows as text, before they are stored. */
  addRows(rows: readonly TextRow[]): void {
    for (const [index, { name, type }] of this.#dataset.columns.entries()) {
      const isNumber = /^(int|decimal)/.test(type);
      // The first column may be a text; its values only count.
      if (index > 0 && !this.#dataset.totals.some(({ column }) => column === name)) continue;
      this.add(
        index,
        rows.map((row) => {
          const field = row[index] ?? null;
          return field === null || !isNumber ? null : decimalUnits(field, type);
        }),
      );
    }
  }

  get rowCount(): number {
    return Number(this.#rowCount);
  }

  /** By name, as a manifest has them: whole numbers as text. */
  get totals(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#dataset.totals.map(({ name, column }, index) => [
        name,
        String(column === undefined ? this.#rowCount : this.#sums[index]),
      ]),
    );
  }
}

/** What a value of the total's column adds, from its units: the number without its decimal point. */
function unitsOf({ meanOf }: Total, scale: number): (units: bigint) => bigint {
  if (meanOf === undefined) return (units) => units;
  const one = 10n ** BigInt(scale);
  return (units) => {
    const sum = units * BigInt(meanOf);
    return (2n * sum + (sum < 0n ? -one : one)) / (2n * one);
  };
}
