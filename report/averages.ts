/**
 * A bank's moving average from its published file, and what its branches' did. The definition, and why it is exact:
 * docs/decisions/12-report.md.
 */
import { type Hundredths, parseHundredths, quotient } from "./decimal";
import type { Fields } from "./rows";

/** The columns without which a file has no moving averages. */
export const averageColumns = [
  "branch_id",
  "branch_address",
  "loan_count_3m",
  "moving_average_3m",
  "monthly_total_average_3m",
] as const;

const WINDOW_MONTHS = 3n;

/** What a branch's row says of the window that ends with its month. */
export interface BranchWindow {
  readonly branchId: string;
  readonly address: string;
  readonly loanCount: bigint;
  readonly loanTotal: bigint;
  /** How many of the loans have an amount; undefined if the row's figures fit several numbers. */
  readonly amountCount: bigint | undefined;
  readonly average: Hundredths | undefined;
}

/** @throws SyntaxError if a field is no number. */
export function branchWindow(fields: Fields): BranchWindow {
  const loanCount = BigInt(fields["loan_count_3m"] ?? "");
  const average = parseHundredths(fields["moving_average_3m"] ?? "");
  // The mean of three whole totals is at most 0.005 off by its rounding, three times that at most 0.015: far from a half.
  const meanTotal = parseHundredths(fields["monthly_total_average_3m"] ?? "") ?? 0n;
  const loanTotal = quotient(WINDOW_MONTHS * meanTotal, 100n);
  return {
    branchId: fields["branch_id"] ?? "",
    address: fields["branch_address"] ?? "",
    loanCount,
    loanTotal,
    amountCount: amountCountOf(loanTotal, loanCount, average),
    average,
  };
}

/** The number of loans by which the total gives the average: all of them, unless some have no amount. */
function amountCountOf(
  total: bigint,
  loanCount: bigint,
  average: Hundredths | undefined,
): bigint | undefined {
  if (average === undefined) return 0n;
  const gives = (count: bigint) =>
    count > 0n && count <= loanCount && quotient(100n * total, count) === average;
  if (gives(loanCount)) return loanCount;
  if (average === 0n) return undefined;
  // Where several fit they are neighbours, and this is the middle of them.
  const near = quotient(100n * total, average);
  const [count, ...others] = [near - 1n, near, near + 1n].filter(gives);
  return others.length === 0 ? count : undefined;
}

/** A bank's window: the sum of its branches'. */
export class BankWindow {
  loanCount = 0n;
  loanTotal = 0n;
  #amountCount: bigint | undefined = 0n;

  add({ loanCount, loanTotal, amountCount }: BranchWindow): void {
    this.loanCount += loanCount;
    this.loanTotal += loanTotal;
    this.#amountCount =
      amountCount === undefined || this.#amountCount === undefined
        ? undefined
        : this.#amountCount + amountCount;
  }

  /** Whether the average can be told from the file. */
  get isExact(): boolean {
    return this.#amountCount !== undefined;
  }

  /** The average amount of the bank's single loans in the window; undefined if it has none, or if it can't be told. */
  get average(): Hundredths | undefined {
    if (this.#amountCount === undefined || this.#amountCount === 0n) return undefined;
    return quotient(100n * this.loanTotal, this.#amountCount);
  }
}

/** A branch whose moving average is known at both ends of the range. */
export interface Mover {
  readonly bankName: string;
  readonly branchId: string;
  readonly address: string;
  readonly before: Hundredths;
  readonly after: Hundredths;
  /** Loans in the window that ends the range: how much the change rests on. */
  readonly loanCount: bigint;
  /** The change in tenths of a percent of what it was. */
  readonly changePerMille: bigint;
}

/** How a bank's branches changed; those that had nothing to change from are left out. */
export function moversOf(
  bankName: string,
  first: ReadonlyMap<string, BranchWindow>,
  last: ReadonlyMap<string, BranchWindow>,
): Mover[] {
  return [...last.values()].flatMap(({ branchId, address, loanCount, average: after }) => {
    const before = first.get(branchId)?.average;
    if (before === undefined || before <= 0n || after === undefined) return [];
    const changePerMille = quotient(1000n * (after - before), before);
    return [{ bankName, branchId, address, before, after, loanCount, changePerMille }];
  });
}
