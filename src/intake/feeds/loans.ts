/** A bank's loans, each on an account. Core systems also write them as fixed-width records. */
import { defineFeed } from "../feed";
import { accounts } from "./accounts";
import { workingDays } from "./working-days";

export const loans = defineFeed({
  name: "loans",
  version: 1,
  table: "loans",
  columns: [
    { name: "idloan", type: "int32", meaning: "the loan's number, which no other bank's loan has" },
    { name: "amount", type: "int32", nullable: true, meaning: "the loan's amount" },
    { name: "account_idaccount", type: "int32", meaning: "the loan's account, one of the bank's" },
    { name: "loan_date", type: "date", nullable: true, meaning: "the day on which the loan was taken out" },
  ],
  key: "idloan",
  owner: { column: "account_idaccount", to: accounts },
  controlTotal: "amount",
  fixedWidth: {
    width: 64,
    header: {
      feed: { at: 2, length: 10 },
      version: { at: 12, length: 3 },
      bank: { at: 15, length: 10 },
      business_time: { at: 25, length: 16 },
    },
    detail: {
      idloan: { at: 2, length: 11, signed: true },
      amount: { at: 13, length: 11, signed: true },
      account_idaccount: { at: 24, length: 11, signed: true },
      loan_date: { at: 35, length: 8 },
    },
    trailer: { records: { at: 2, length: 10 }, total: { at: 12, length: 20, signed: true } },
  },
  rhythm: workingDays,
});
