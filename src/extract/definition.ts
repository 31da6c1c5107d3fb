/** What an extract definition says, so that one main path makes, reconciles and publishes all of them. */
import { type Column, scaleOf } from "../platform/columns";
import type { Row } from "../platform/database/row-stream";
import type { Month } from "../platform/month";
import type { Statement } from "../platform/statement";
import type { Bank } from "./object-key";

/** One extract. `docs/new-extract.md` makes one from scratch. */
export interface ExtractDefinition<Name extends string = string> {
  /** In inputs, manifests and metrics: `loan_detail`. */
  readonly name: string;
  /** The folder of its files and manifests below the prefix: empty, or ends with a slash. */
  readonly folder: string;
  /**
   * Returns the rows of all months and banks: `$1` and `$2` are the first days of the first and the last month asked for.
   * It orders by month, then bank, then until no two rows are equal, so that the same data makes the same bytes.
   */
  readonly statement: Statement;
  /** The columns of the files and of the statement's result, in this order. */
  readonly columns: readonly Column<Name>[];
  /** How many calendar months a row covers, its own included. */
  readonly windowMonths: number;
  /** Of {@link columns}, those that depend on earlier months of the window too. */
  readonly windowColumns?: readonly Name[];
  /** The columns by which the rows of a file are ordered, and which no two of them share: `branch_id`. */
  readonly rowKey: readonly [Name, ...Name[]];
  /** The columns that assign a row to a file: the bank's id, and the month or a day of it. */
  readonly fileBy: { readonly bank: Name; readonly month: Name };
  readonly reconciliation: Reconciliation<Name>;
}

/** How a month's files are compared with their source. */
export interface Reconciliation<Name extends string = string> {
  /** The source, as error messages call it: `the table loans`. */
  readonly source: string;
  /**
   * What is added up over the rows of a file, and computed from the source in another way. The first measure is the
   * amount of the month's own data: a month where it is 0 is empty.
   */
  readonly measures: readonly [Measure<Name>, ...Measure<Name>[]];
  /**
   * Figures of the source's quality that are no errors: the manifest states them under these names.
   */
  readonly quality: readonly string[];
  /**
   * One row for each month asked for (`$1` to `$2`). The month as `YYYY-MM` and the measures are the first columns, the
   * quality figures the last.
   */
  readonly controls: Statement;
  /**
   * One row for each bank with data in the month `$1`. The bank's id (NULL for data of no bank) and the measures are the
   * first columns. It runs only if a month doesn't reconcile, to name the banks.
   */
  readonly bankControls: Statement;
  /**
   * One row: the first and the last month with data as `YYYY-MM`, both NULL without any. It runs only if a month is
   * empty, to say why; without it the error can't.
   */
  readonly span?: Statement;
  /** Where each bank's file must have an exact number of rows: one row for each bank, with its id and that number. */
  readonly rowCounts?: { readonly statement: Statement; readonly rows: string; readonly source: string };
  /** Totals as error messages state them: `3 loans of 600 in all`. */
  readonly describe: (totals: Totals) => string;
}

/** A figure that is added up over rows. */
export interface Measure<Name extends string = string> {
  /** In the manifest: `loanTotal`. */
  readonly name: string;
  /** The column to add up, of a whole or decimal number; without it, every row counts one. */
  readonly column?: Name;
  /**
   * The column is the mean of this many whole numbers, with enough decimals to give back their exact sum: the sums are
   * added up, not the means.
   */
  readonly meanOf?: number;
  /** The measure of a single month of which this one is the sum over the window: `loanTotal`. */
  readonly windowOf?: string;
}

/** Exact sums by the measures' names; a decimal is counted in units of its last digit. */
export type Totals = Readonly<Record<string, bigint>>;

/** Checks at compile time that a definition refers to its own columns only. */
export function defineExtract<const Name extends string>(
  definition: Omit<ExtractDefinition<Name>, "windowColumns" | "rowKey" | "fileBy" | "reconciliation"> & {
    readonly windowColumns?: readonly NoInfer<Name>[];
    readonly rowKey: readonly [NoInfer<Name>, ...NoInfer<Name>[]];
    readonly fileBy: { readonly bank: NoInfer<Name>; readonly month: NoInfer<Name> };
    readonly reconciliation: Reconciliation<NoInfer<Name>>;
  },
): ExtractDefinition<Name> {
  return definition;
}

export function columnNames({ columns }: ExtractDefinition): string[] {
  return columns.map(({ name }) => name);
}

/** Whether a row belongs to the bank's file of the month. */
export function belongsTo(definition: ExtractDefinition, bank: Bank, month: Month): (row: Row) => boolean {
  const names = columnNames(definition);
  const [bankAt, monthAt] = [names.indexOf(definition.fileBy.bank), names.indexOf(definition.fileBy.month)];
  const bankId = String(bank.id);
  return (row) => row[bankAt] === bankId && row[monthAt]?.startsWith(month) === true;
}

/** Adds up the measures of rows. NULL, in a file an empty field, adds nothing. */
export class Sums {
  /** Without the index of a column, every row counts one. */
  readonly #measures: readonly {
    readonly at: number | undefined;
    readonly toNumber: (field: string) => bigint;
  }[];
  readonly #names: readonly string[];
  readonly #totals: bigint[];

  /** @param columns the names of the rows' columns, in their order. */
  constructor(definition: ExtractDefinition, columns: readonly string[] = columnNames(definition)) {
    const { measures } = definition.reconciliation;
    this.#names = measures.map(({ name }) => name);
    this.#measures = measures.map((measure) => ({
      at: measure.column === undefined ? undefined : columns.indexOf(measure.column),
      toNumber: fieldParser(definition, measure),
    }));
    this.#totals = measures.map(() => 0n);
  }

  get totals(): Totals {
    return Object.fromEntries(this.#names.map((name, index) => [name, this.#totals[index] ?? 0n]));
  }

  /** @throws SyntaxError if a field is not a number of its column's type. */
  add(rows: readonly Row[]): void {
    for (const [index, { at, toNumber }] of this.#measures.entries()) {
      const sum =
        at === undefined
          ? BigInt(rows.length)
          : rows.reduce((total, row) => total + toNumber(row[at] ?? ""), 0n);
      this.#totals[index] = (this.#totals[index] ?? 0n) + sum;
    }
  }
}

/** The sum of several totals, measure by measure. */
export function addTotals({ reconciliation }: ExtractDefinition, all: readonly Totals[]): Totals {
  return Object.fromEntries(
    reconciliation.measures.map(({ name }) => [
      name,
      all.reduce((sum, totals) => sum + (totals[name] ?? 0n), 0n),
    ]),
  );
}

export function isSameTotals({ reconciliation }: ExtractDefinition, one: Totals, other: Totals): boolean {
  return reconciliation.measures.every(({ name }) => one[name] === other[name]);
}

/** Whether a month with these totals has no data of its own: the first measure is 0. */
export function isEmpty({ reconciliation }: ExtractDefinition, totals: Totals): boolean {
  return totals[reconciliation.measures[0].name] === 0n;
}

/** Totals as the manifest states them: numbers as text, with the decimals of their columns. */
export function formatTotals(definition: ExtractDefinition, totals: Totals): Record<string, string> {
  return Object.fromEntries(
    definition.reconciliation.measures.map((measure) => [
      measure.name,
      fromUnits(totals[measure.name] ?? 0n, totalScale(definition, measure)),
    ]),
  );
}

/**
 * The totals among the entries of a manifest, or the measures of a statement's result.
 *
 * @throws SyntaxError if one is not a number of its column's type.
 */
export function parseTotals(
  definition: ExtractDefinition,
  entries: Readonly<Record<string, unknown>>,
): Totals {
  return Object.fromEntries(
    definition.reconciliation.measures.map((measure) => [
      measure.name,
      toUnits(entries[measure.name] as string, totalScale(definition, measure)),
    ]),
  );
}

/** Turns a field of the measure's column into what is added up. */
function fieldParser(definition: ExtractDefinition, measure: Measure): (field: string) => bigint {
  const scale = columnScale(definition, measure);
  const { meanOf } = measure;
  if (meanOf === undefined) return (field) => toUnits(field, scale);
  return (field) => toNearestWhole(toUnits(field, scale) * BigInt(meanOf), scale);
}

/** The decimals of a measure's totals. */
function totalScale(definition: ExtractDefinition, measure: Measure): number {
  return measure.meanOf === undefined ? columnScale(definition, measure) : 0;
}

function columnScale({ columns }: ExtractDefinition, { column: name }: Measure): number {
  return scaleOf(columns.find((column) => column.name === name)?.type ?? "int64");
}

function toNearestWhole(units: bigint, scale: number): bigint {
  const one = 10n ** BigInt(scale);
  return (2n * units + (units < 0n ? -one : one)) / (2n * one);
}

/** A number as PostgreSQL writes it, in units of its last decimal; without decimals it may be any whole number. */
export function toUnits(text: string, scale: number): bigint {
  const [, whole, decimals = ""] = /^(-?\d+)\.(\d+)$/.exec(text) ?? [];
  if (whole === undefined) return BigInt(text) * 10n ** BigInt(scale);
  if (decimals.length !== scale) throw new SyntaxError(`${text} doesn't have ${scale} decimals`);
  return BigInt(whole + decimals);
}

function fromUnits(units: bigint, scale: number): string {
  if (scale === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
