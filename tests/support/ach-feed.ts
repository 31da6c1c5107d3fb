/** A feed whose files are of a public format: payments of the ACH, which a bank delivers as it receives them. */
import { defineFeed, type OwnedTable } from "../../src/intake/feed";
import { defineLayout } from "../../src/intake/layout";
import { achControls, achFormat, batchFields, entryFields } from "./ach";

/** Banks' routing numbers by `idbank`: the first eight digits are the number, the last is the check digit. */
export const ROUTING: Readonly<Record<number, string>> = { 1: "000000107", 2: "000000204" };

const routing: OwnedTable = { table: "routing", key: "number", owner: { bankColumn: "bank_idbank" } };

export const payments = defineFeed({
  name: "payments",
  version: 1,
  table: "payment",
  columns: [...Object.values(entryFields), ...Object.values(batchFields)],
  key: "trace",
  owner: { column: "receiver", to: routing },
  controlTotal: "amount",
  layouts: [
    defineLayout({
      format: achFormat,
      order: [
        "fileHeader",
        { many: ["batchHeader", { many: ["entry", { many: "addendum" }] }, "batchControl"] },
        "fileControl",
        { many: "filler" },
      ],
      rows: "entry",
      rowsAlsoHave: ["batchHeader"],
      claims: [
        {
          ...{ type: "fileHeader", column: "destination", of: "bank" },
          written: ({ bankId }) => ` ${ROUTING[bankId] ?? ""}`,
        },
        {
          ...{ type: "fileHeader", column: "created", of: "businessTime" },
          written: ({ businessTime }) => businessTime.slice(0, 10),
        },
      ],
      controls: achControls,
    }),
  ],
});

/** What the database needs for the feed. */
export const paymentTables = `
  create table routing (number integer primary key, bank_idbank integer not null references bank);
  insert into routing values (10, 1), (11, 1), (20, 2);
  create table payment (
    trace bigint primary key,
    code integer not null,
    receiver integer not null references routing,
    account varchar(17) not null,
    amount numeric(10,2) not null,
    company varchar(16) not null,
    effective date not null
  );
  grant select on routing to intake_writer;
  grant select, insert, update on payment to intake_writer`;
