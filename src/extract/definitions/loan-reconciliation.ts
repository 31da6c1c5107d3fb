/** How extracts of loans are reconciled: with the number and the total of the loans in the table `loans`. */
import { readStatement } from "../../platform/statement";
import type { Measure, Reconciliation, Totals } from "../definition";

/**
 * @param columns the columns that add up to the month's loans: their total amount, and their number, without which each
 *   row is one loan.
 */
export function loanReconciliation<const Name extends string>(columns: {
  readonly loanCount?: Name;
  readonly loanTotal: Name;
}): Reconciliation<Name> {
  const loanCount: Measure<Name> = {
    name: "loanCount",
    ...(columns.loanCount !== undefined && { column: columns.loanCount }),
  };
  return {
    source: "the table loans",
    measures: [loanCount, { name: "loanTotal", column: columns.loanTotal }],
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
  return `${String(loanCount)} ${loanCount === 1n ? "loan" : "loans"} of ${String(loanTotal)} in all`;
}
