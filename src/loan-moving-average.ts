/** The extract itself, apart from the machinery that runs it: its statements, its columns, what its rows add up to. */
import type { Row } from "./database";
import type { Month } from "./month";
import type { Bank } from "./object-key";
import { readStatement } from "./statement";

export const extractName = "loan_moving_average";

/** The files' columns, in the order of the statement's. Source: docs/contract.md, section 2. */
export const columns = [
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
] as const;

/** The window ends with the month itself. */
export const windowMonths = 3;

export const rowsStatement = readStatement("loan_moving_average.sql");
export const loanControlsStatement = readStatement("loan_controls.sql");

const bankIdAt = columns.indexOf("bank_id");
const monthAt = columns.indexOf("month");
const loanCountAt = columns.indexOf("loan_count");
const loanTotalAt = columns.indexOf("loan_total");

/** Whether a row belongs to the bank's file of the month. */
export function belongsTo(bank: Bank, month: Month): (row: Row) => boolean {
  const bankId = String(bank.id);
  return (row) => row[bankIdAt] === bankId && row[monthAt] === month;
}

export function loanCountOf(row: Row): bigint {
  return BigInt(row[loanCountAt] ?? 0);
}

export function loanTotalOf(row: Row): bigint {
  return BigInt(row[loanTotalAt] ?? 0);
}
