/** Random deliveries of a few rows, for comparing intake with its second implementation. */
import * as fc from "fast-check";

import type { Feed } from "../../src/intake/feed";
import { checkAndLoad } from "../../src/intake/load";
import type { DeliveryResult } from "../../src/intake/result";
import type { Connection } from "../../src/platform/database/connection";
import { delivery, fileOf, NOW } from "./intake-delivery";
import type { Detail, FeedName, Ods, Sent } from "./intake-oracle";
import type { World } from "./world";

const oneOf = (...values: string[]) => fc.constantFrom(...values);
const keys = oneOf("1", "2", "3", "4", "100", "200");
const amounts = oneOf("", "1", "-7", "2147483647");
/** Mostly dates. */
const dates = oneOf("", "2026-01-31", "2024-02-29", "1900-01-01", "9999-12-31", "wrong");

const details: Readonly<Record<FeedName, fc.Arbitrary<Detail>>> = {
  clients: fc.tuple(keys, oneOf("N", "M", "O", ""), oneOf("S"), oneOf("10", "11", "10", "20", "30")),
  accounts: fc.tuple(oneOf("1", "2", "3", "1000", "2000"), amounts, keys, dates),
  loans: fc.tuple(keys, amounts, oneOf("1", "2", "3", "1000", "2000"), dates),
};

export const sentOf = (feed: FeedName): fc.Arbitrary<Sent> =>
  fc.record({
    feed: fc.constant(feed),
    bank: fc.constantFrom<1 | 2>(1, 1, 2),
    time: fc.integer({ min: 1, max: 6 }).map((day) => `2026-09-0${day}T00:00:00Z`),
    details: fc.array(details[feed], { maxLength: 5 }),
  });

export const anySent = fc.oneof(sentOf("clients"), sentOf("accounts"), sentOf("loans"));

function textOf({ feed, bank, time, details: all }: Sent): string {
  const total = feed === "clients" ? 0 : all.reduce((sum, [, amount]) => sum + Number(amount ?? 0), 0);
  return fileOf(
    all.map((fields) => fields.join("|")),
    { feed, bank, time, total },
  );
}

/** Loads a delivery through a connection. */
export async function send(
  connection: Connection,
  sent: Sent,
  tolerant: readonly Feed[],
): Promise<DeliveryResult> {
  const { feed, bank, time } = sent;
  const file = {
    feed,
    bank: bank === 1 ? "FirstNational" : "CréditDÉté",
    time: time.replaceAll(/[-:Z]/g, ""),
  };
  const content = {
    async *open() {
      yield Buffer.from(textOf(sent));
      await Promise.resolve();
    },
  };
  return checkAndLoad({
    ...{ delivery: delivery(file), content, connection, feeds: tolerant },
    ...{ dryRun: false, ifMissing: "reject", now: NOW },
  });
}

/** The tables at first: see IntakeWorld. */
export const start: Ods = {
  clients: [
    { fields: ["100", "N", "S", "10"], time: "" },
    { fields: ["200", "N", "S", "20"], time: "" },
  ],
  accounts: [
    { fields: ["1000", "5", "100", "2020-01-01"], time: "" },
    { fields: ["2000", "5", "200", "2020-01-01"], time: "" },
  ],
  ...{ loans: [], seen: [] },
};

const queries: Readonly<Record<FeedName, string>> = {
  clients: "select idclient || '|' || name || '|' || surname || '|' || branch_idbranch as row from client",
  accounts: `select concat_ws('|', idaccount, coalesce(balance::text, ''), client_idclient, coalesce(open_date::text, ''))
             as row from account`,
  loans: `select concat_ws('|', idloan, coalesce(amount::text, ''), account_idaccount, coalesce(loan_date::text, ''))
          as row from loans`,
};

/** The tables as the second implementation has them: the rows, and the time of each row's origin. */
export function tablesOf(ods: Ods): readonly string[] {
  return (["clients", "accounts", "loans"] as const)
    .flatMap((feed) => ods[feed].map(({ fields, time }) => `${feed} ${fields.join("|")} ${time}`))
    .sort();
}

/** The same from the database. */
export async function readTables(world: World): Promise<readonly string[]> {
  const tables: string[] = [];
  for (const feed of ["clients", "accounts", "loans"] as const) {
    const rows = await world.sql<{ row: string }>(
      `select '${feed} ' || row || ' ' ||
              coalesce(to_char(business_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') as row
       from (${queries[feed]}) as rows
       left join intake.row_origin on feed = $1 and row_origin.key = split_part(row, '|', 1)::int`,
      [feed],
    );
    tables.push(...rows.map(({ row }) => row));
  }
  return tables.sort();
}
