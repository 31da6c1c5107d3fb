/**
 * A bank's moving average, computed from its published file, and the changes of its branches' averages.
 * docs/decisions/12-report.md defines the average and shows why it is exact.
 */
import { type Hundredths, parseHundredths, quotient } from "./decimal";
import type { Fields } from "./rows";

/** The columns that a file must have for moving averages. */
export const averageColumns = [
  "branch_id",
  "branch_address",
  "loan_count_3m",
  "moving_average_3m",
  "monthly_total_average_3m",
] as const;

const WINDOW_MONTHS = 3n;

/** A branch's figures for the window that ends with the month of its row. */
export interface BranchWindow {
  readonly branchId: string;
  readonly address: string;
  readonly loanCount: bigint;
  readonly loanTotal: bigint;
  /** How many of the loans have an amount; undefined if several numbers fit the row. */
  readonly amountCount: bigint | undefined;
  readonly average: Hundredths | undefined;
}

/** @throws SyntaxError if a field is not a number. */
export function branchWindow(fields: Fields): BranchWindow {
  const loanCount = BigInt(fields["loan_count_3m"] ?? "");
  const average = parseHundredths(fields["moving_average_3m"] ?? "");
  // Rounding changes the mean of three whole totals by 0.005 at most, so three times the mean by 0.015: far below 0.5.
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

/** The number of loans that gives this average for this total: all loans, unless some have no amount. */
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
  // If several numbers fit, they are consecutive, and this is the middle one.
  const near = quotient(100n * total, average);
  const [count, ...others] = [near - 1n, near, near + 1n].filter(gives);
  return others.length === 0 ? count : undefined;
}

/** A bank's figures for a window: the sum of its branches' figures. */
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

  /** Whether the file determines the average. */
  get isExact(): boolean {
    return this.#amountCount !== undefined;
  }

  /** The average of the bank's individual loans; undefined if there are none, or the file does not determine it. */
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
  /** The loans in the last window: few loans make the change less meaningful. */
  readonly loanCount: bigint;
  /** The change, in tenths of a percent of the value before. */
  readonly changePerMille: bigint;
}

/** The changes of a bank's branches, if they have an average in both months and the first one is above 0. */
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
