/** What an extract says of itself, so that one main path makes, proves and publishes all of them. */
import type { Row } from "../platform/database/database";
import type { Month } from "../platform/month";
import type { Bank } from "./object-key";
import type { Statement } from "../platform/statement";

/** One extract: a statement and what its rows mean. `docs/new-extract.md` makes one from nothing. */
export interface ExtractDefinition<Column extends string = string> {
  /** As inputs, manifests and metrics have it: `loan_detail`. */
  readonly name: string;
  /** Below the prefix, where its files and manifests lie: empty, or ends with a slash. */
  readonly folder: string;
  /**
   * Makes the rows of all months and banks: `$1` and `$2` are the first days of the first and of the last month asked
   * for. It orders by month, then bank, and further until the order is one alone, so the same data makes the same bytes.
   */
  readonly statement: Statement;
  /** The files' columns, in the order of the statement's. */
  readonly columns: readonly Column[];
  /** How many calendar months a row tells of, its own included. */
  readonly windowMonths: number;
  /** The columns that say to which file a row belongs: the bank's id, and its month or a day of it. */
  readonly fileBy: { readonly bank: Column; readonly month: Column };
  /** Whether each branch of the bank has a row, lent or not; then none may be missing. */
  readonly everyBranch?: true;
  /** The column with the amounts of the month's loans: in all files together they add up to those of the table `loans`. */
  readonly loanTotal: Column;
  /** The column with the numbers of the month's loans behind a row; without it each row is one loan. */
  readonly loanCount?: Column;
}

/** Whether a row belongs to the bank's file of the month. */
export function belongsTo(
  { columns, fileBy }: ExtractDefinition,
  bank: Bank,
  month: Month,
): (row: Row) => boolean {
  const [bankAt, monthAt] = [columns.indexOf(fileBy.bank), columns.indexOf(fileBy.month)];
  const bankId = String(bank.id);
  return (row) => row[bankAt] === bankId && row[monthAt]?.startsWith(month) === true;
}

/** How many loans, and the sum of their amounts; exact, whatever their number. */
export interface LoanTotals {
  readonly loanCount: bigint;
  readonly loanTotal: bigint;
}

/** Adds up what rows stand for. A field that is NULL, in a file an empty one, adds nothing. */
export class LoanSums implements LoanTotals {
  readonly #countAt: number | undefined;
  readonly #totalAt: number;
  #loanCount = 0n;
  #loanTotal = 0n;

  constructor({ columns, loanCount, loanTotal }: ExtractDefinition) {
    this.#countAt = loanCount === undefined ? undefined : columns.indexOf(loanCount);
    this.#totalAt = columns.indexOf(loanTotal);
  }

  get loanCount(): bigint {
    return this.#loanCount;
  }

  get loanTotal(): bigint {
    return this.#loanTotal;
  }

  /** @throws SyntaxError if a field is no whole number. */
  add(rows: readonly Row[]): void {
    if (this.#countAt === undefined) this.#loanCount += BigInt(rows.length);
    else this.#loanCount += sum(rows, this.#countAt);
    this.#loanTotal += sum(rows, this.#totalAt);
  }
}

function sum(rows: readonly Row[], at: number): bigint {
  return rows.reduce((total, row) => total + BigInt(row[at] ?? 0), 0n);
}
