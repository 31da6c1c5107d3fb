/** Transactions that a bank writes to its own bucket: one row for each. */
import { defineRawDataset } from "../raw-dataset";

export const transactions = defineRawDataset({
  name: "transactions",
  columns: [
    { name: "id", type: "int64", meaning: "the transaction's number at its bank" },
    { name: "booked_on", type: "date", meaning: "the day on which it was booked, which decides its month" },
    { name: "amount", type: "decimal(18,2)", meaning: "what was booked; below zero if it was paid out" },
    { name: "currency", type: "text(3)", meaning: "the currency of `amount`, by ISO 4217" },
    { name: "description", type: "text(200)", nullable: true, meaning: "what the bank says of it" },
    {
      name: "amount_abs",
      type: "decimal(18,2)",
      meaning: "`amount` without its sign; calculated",
      value: ({ amount }) => amount?.replace("-", "") ?? null,
    },
    {
      name: "is_debit",
      type: "int32",
      meaning: "1 if `amount` is below zero, otherwise 0; calculated",
      value: ({ amount }) => (amount?.startsWith("-") === true ? "1" : "0"),
    },
  ],
  monthColumn: "booked_on",
  totals: [
    { name: "amountTotal", column: "amount" },
    { name: "amountAbsTotal", column: "amount_abs" },
    { name: "debitCount", column: "is_debit" },
  ],
});
