/** The published months of the extract `loan_detail`: one row for each loan. */
import { defineDataset } from "../dataset";

export const loanDetail = defineDataset({
  name: "loan_detail",
  folder: "loan_detail/",
  columns: [
    { name: "bank_id", type: "int32", meaning: "the bank's `idbank`" },
    { name: "bank_name", type: "text(100)", meaning: "the bank's `name`" },
    { name: "branch_id", type: "int32", meaning: "the branch's `idbranch`" },
    { name: "branch_address", type: "text(255)", nullable: true, meaning: "the branch's `address`" },
    { name: "client_id", type: "int32", meaning: "the client's `idclient`" },
    { name: "account_id", type: "int32", meaning: "the account's `idaccount`" },
    { name: "loan_id", type: "int32", meaning: "the loan's `idloan`" },
    { name: "loan_date", type: "date", meaning: "the day on which the loan was taken out" },
    {
      name: "amount",
      type: "int32",
      nullable: true,
      meaning: "the loan's `amount`; no value if it has none",
    },
  ],
  bankColumn: "bank_id",
  monthColumn: "loan_date",
  totals: [{ name: "loanCount" }, { name: "loanTotal", column: "amount" }],
});
