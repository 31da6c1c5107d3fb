/** A bank's clients, each with their branch. */
import { branch, defineFeed } from "../feed";
import { workingDays } from "./working-days";

export const clients = defineFeed({
  name: "clients",
  version: 1,
  table: "client",
  columns: [
    { name: "idclient", type: "int32", meaning: "the client's number, which no other bank's client has" },
    { name: "name", type: "text(50)", meaning: "the client's first name" },
    { name: "surname", type: "text(50)", meaning: "the client's last name" },
    { name: "branch_idbranch", type: "int32", meaning: "the client's branch, one of the bank's" },
  ],
  key: "idclient",
  owner: { column: "branch_idbranch", to: branch },
  rhythm: workingDays,
});
