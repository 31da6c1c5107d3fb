/** How extracts of loans are reconciled: with the number and the total of the loans in the table `loans`. */
import { readStatement } from "../../platform/statement";
import type { Measure, Reconciliation, Totals } from "../definition";

/**
 * @param measures the first or all of `loanCount`, `loanTotal`, `windowLoanCount` and `windowLoanTotal`, in this order:
 *   the number and the total amount of the month's loans, and of the loans in its window of three months.
 */
export function loanReconciliation<const Name extends string>(
  ...measures: readonly [Measure<Name>, ...Measure<Name>[]]
): Reconciliation<Name> {
  return {
    source: "the table loans",
    measures,
    quality: ["loansWithoutAmount", "loansWithNegativeAmount", "loansWithoutDate"],
    controls: readStatement("extract/loan_controls.sql"),
    bankControls: readStatement("extract/loan_bank_controls.sql"),
    span: readStatement("extract/loan_span.sql"),
    describe: describeLoans,
  };
}

/** Totals of an extract of loans. */
export interface LoanTotals {
  readonly loanCount: bigint;
  readonly loanTotal: bigint;
}

export function loanTotals({ loanCount = 0n, loanTotal = 0n }: Totals): LoanTotals {
  return { loanCount, loanTotal };
}

/** For extracts with one row for each branch of the bank. */
export const branchRowCounts = {
  statement: readStatement("extract/branch_controls.sql"),
  rows: "branches",
  source: "the table branch",
} as const;

function describeLoans(totals: Totals): string {
  const { loanCount, loanTotal } = loanTotals(totals);
  const { windowLoanCount, windowLoanTotal = 0n } = totals;
  const month = `${countLoans(loanCount)} of ${String(loanTotal)} in all`;
  if (windowLoanCount === undefined) return month;
  return `${month} (window: ${countLoans(windowLoanCount)} of ${String(windowLoanTotal)})`;
}

function countLoans(count: bigint): string {
  return `${String(count)} ${count === 1n ? "loan" : "loans"}`;
}
