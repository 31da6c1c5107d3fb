/** One row a loan of the month: the single loans behind the averages. Source: docs/contract.md, section 2. */
import type { ExtractDefinition } from "../definition";
import { readStatement } from "../../platform/statement";

export const loanDetail = {
  name: "loan_detail",
  folder: "loan_detail/",
  statement: readStatement("extract/loan_detail.sql"),
  columns: [
    "bank_id",
    "bank_name",
    "branch_id",
    "branch_address",
    "client_id",
    "account_id",
    "loan_id",
    "loan_date",
    "amount",
  ],
  windowMonths: 1,
  fileBy: { bank: "bank_id", month: "loan_date" },
  loanTotal: "amount",
} as const satisfies ExtractDefinition;
