/** One row a branch: what it lent in the month, and its moving averages over three. Source: docs/contract.md, section 2. */
import type { ExtractDefinition } from "../definition";
import { readStatement } from "../../platform/statement";

export const loanMovingAverage = {
  name: "loan_moving_average",
  folder: "",
  statement: readStatement("extract/loan_moving_average.sql"),
  columns: [
    "bank_id",
    "bank_name",
    "branch_id",
    "branch_address",
    "month",
    "loan_count",
    "loan_total",
    "loan_average",
    "loan_count_3m",
    "moving_average_3m",
    "monthly_total_average_3m",
  ],
  windowMonths: 3,
  fileBy: { bank: "bank_id", month: "month" },
  everyBranch: true,
  loanCount: "loan_count",
  loanTotal: "loan_total",
} as const satisfies ExtractDefinition;
