/** One row for each branch: its loans of the month, and their moving averages over three months. */
import { readStatement } from "../../platform/statement";
import { defineExtract } from "../definition";
import { branchRowCounts, loanReconciliation } from "./loan-reconciliation";

export const loanMovingAverage = defineExtract({
  name: "loan_moving_average",
  folder: "",
  statement: readStatement("extract/loan_moving_average.sql"),
  columns: [
    { name: "bank_id", type: "int32", meaning: "the bank's `idbank`" },
    { name: "bank_name", type: "text(100)", meaning: "the bank's `name`" },
    { name: "branch_id", type: "int32", meaning: "the branch's `idbranch`" },
    { name: "branch_address", type: "text(255)", nullable: true, meaning: "the branch's `address`" },
    { name: "month", type: "text(7)", meaning: "the data month, `YYYY-MM`" },
    { name: "loan_count", type: "int64", meaning: "loans taken out in the month; 0 without loans" },
    { name: "loan_total", type: "int64", meaning: "sum of their `amount`; 0 without loans" },
    {
      name: "loan_average",
      type: "decimal(18,2)",
      nullable: true,
      meaning: "`loan_total / loan_count`; empty without loans",
    },
    {
      name: "loan_count_3m",
      type: "int64",
      meaning: "loans in the window: the three calendar months that end with `month`",
    },
    {
      name: "moving_average_3m",
      type: "decimal(18,2)",
      nullable: true,
      meaning: "average `amount` of the single loans in the window; empty if the window has none",
    },
    {
      name: "monthly_total_average_3m",
      type: "decimal(18,2)",
      meaning: "mean of the window's three monthly totals; a month without loans counts as 0",
    },
  ],
  windowMonths: 3,
  windowColumns: ["loan_count_3m", "moving_average_3m", "monthly_total_average_3m"],
  rowKey: ["branch_id"],
  fileBy: { bank: "bank_id", month: "month" },
  reconciliation: {
    ...loanReconciliation(
      { name: "loanCount", column: "loan_count" },
      { name: "loanTotal", column: "loan_total" },
      { name: "windowLoanCount", column: "loan_count_3m", windowOf: "loanCount" },
      { name: "windowLoanTotal", column: "monthly_total_average_3m", meanOf: 3, windowOf: "loanTotal" },
    ),
    rowCounts: branchRowCounts,
  },
});
