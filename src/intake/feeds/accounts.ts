/** A bank's accounts: one for each client. */
import { defineFeed } from "../feed";
import { clients } from "./clients";
import { workingDays } from "./working-days";

export const accounts = defineFeed({
  name: "accounts",
  version: 1,
  table: "account",
  columns: [
    { name: "idaccount", type: "int32", meaning: "the account's number, which no other bank's account has" },
    { name: "balance", type: "int32", nullable: true, meaning: "the account's balance" },
    { name: "client_idclient", type: "int32", meaning: "the account's client, one of the bank's" },
    { name: "open_date", type: "date", nullable: true, meaning: "the day on which the account was opened" },
  ],
  key: "idaccount",
  owner: { column: "client_idclient", to: clients },
  unique: "client_idclient",
  controlTotal: "balance",
  rhythm: workingDays,
});
