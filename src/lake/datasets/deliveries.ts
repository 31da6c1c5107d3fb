/** The accepted deliveries of the feeds `clients`, `accounts` and `loans`: one row for each record of each delivery. */
import { defineDeliveryDataset } from "../delivery-dataset";

export const clients = defineDeliveryDataset({
  name: "clients",
  columns: [
    { name: "idclient", type: "int32", meaning: "the client's number, which no other bank's client has" },
    { name: "name", type: "text(50)", meaning: "the client's first name" },
    { name: "surname", type: "text(50)", meaning: "the client's last name" },
    { name: "branch_idbranch", type: "int32", meaning: "the client's branch, one of the bank's" },
  ],
  personal: ["name", "surname"],
});

export const accounts = defineDeliveryDataset({
  name: "accounts",
  columns: [
    { name: "idaccount", type: "int32", meaning: "the account's number, which no other bank's account has" },
    { name: "balance", type: "int32", nullable: true, meaning: "the account's balance" },
    { name: "client_idclient", type: "int32", meaning: "the account's client, one of the bank's" },
    { name: "open_date", type: "date", nullable: true, meaning: "the day on which the account was opened" },
  ],
  controlTotal: "balance",
});

export const loans = defineDeliveryDataset({
  name: "loans",
  columns: [
    { name: "idloan", type: "int32", meaning: "the loan's number, which no other bank's loan has" },
    { name: "amount", type: "int32", nullable: true, meaning: "the loan's amount" },
    { name: "account_idaccount", type: "int32", meaning: "the loan's account, one of the bank's" },
    { name: "loan_date", type: "date", nullable: true, meaning: "the day on which the loan was taken out" },
  ],
  controlTotal: "amount",
});
