/** The published months of the extract `loan_moving_average`: one row for each branch. */
import { defineDataset } from "../dataset";

export const loanMovingAverage = defineDataset({
  name: "loan_moving_average",
  folder: "",
  columns: [
    { name: "bank_id", type: "int32", meaning: "the bank's `idbank`" },
    { name: "bank_name", type: "text(100)", meaning: "the bank's `name`" },
    { name: "branch_id", type: "int32", meaning: "the branch's `idbranch`" },
    { name: "branch_address", type: "text(255)", nullable: true, meaning: "the branch's `address`" },
    { name: "loan_count", type: "int64", meaning: "loans taken out in the month; 0 without loans" },
    { name: "loan_total", type: "int64", meaning: "sum of their `amount`; 0 without loans" },
    {
      name: "loan_average",
      type: "decimal(18,2)",
      nullable: true,
      meaning: "`loan_total / loan_count`; no value without loans",
    },
    {
      name: "loan_count_3m",
      type: "int64",
      meaning: "loans in the three calendar months that end with the month",
    },
    {
      name: "moving_average_3m",
      type: "decimal(18,2)",
      nullable: true,
      meaning: "average `amount` of the single loans in those three months; no value if there are none",
    },
    {
      name: "monthly_total_average_3m",
      type: "decimal(18,2)",
      meaning: "mean of the three monthly totals; a month without loans counts as 0",
    },
  ],
  bankColumn: "bank_id",
  monthColumn: "month",
  totals: [
    { name: "loanCount", column: "loan_count" },
    { name: "loanTotal", column: "loan_total" },
    { name: "windowLoanCount", column: "loan_count_3m" },
    { name: "windowLoanTotal", column: "monthly_total_average_3m", meanOf: 3 },
  ],
});
