/** One row for each loan of the month: the single loans behind the averages. */
import { readStatement } from "../../platform/statement";
import { defineExtract } from "../definition";
import { loanReconciliation } from "./loan-reconciliation";

export const loanDetail = defineExtract({
  name: "loan_detail",
  folder: "loan_detail/",
  statement: readStatement("extract/loan_detail.sql"),
  columns: [
    { name: "bank_id", type: "int32", meaning: "the bank's `idbank`" },
    { name: "bank_name", type: "text(100)", meaning: "the bank's `name`" },
    { name: "branch_id", type: "int32", meaning: "the branch's `idbranch`" },
    { name: "branch_address", type: "text(255)", nullable: true, meaning: "the branch's `address`" },
    { name: "client_id", type: "int32", meaning: "the client's `idclient`" },
    { name: "account_id", type: "int32", meaning: "the account's `idaccount`" },
    { name: "loan_id", type: "int32", meaning: "the loan's `idloan`" },
    { name: "loan_date", type: "date", meaning: "the day on which the loan was taken out, `YYYY-MM-DD`" },
    { name: "amount", type: "int32", nullable: true, meaning: "the loan's `amount`; empty if it has none" },
  ],
  windowMonths: 1,
  rowKey: ["branch_id", "loan_id"],
  fileBy: { bank: "bank_id", month: "loan_date" },
  reconciliation: loanReconciliation({ name: "loanCount" }, { name: "loanTotal", column: "amount" }),
});
