/**
 * Random sequences of deliveries, compared step by step with a second implementation. INTAKE_SEQUENCES says how many;
 * `npm run test:races` tries more.
 */
import * as fc from "fast-check";

import { feeds } from "../../../src/intake/feeds";
import type { Feed } from "../../../src/intake/feed";
import { checkAndLoad } from "../../../src/intake/load";
import type { DeliveryResult } from "../../../src/intake/result";
import type { Connection } from "../../../src/platform/database/connection";
import { delivery, fileOf, IntakeWorld, NOW } from "../../support/intake-world";
import {
  type Detail,
  type FeedName,
  judge,
  type Judgement,
  type Ods,
  type Sent,
} from "../../support/intake-oracle";

const SEQUENCES = Number(process.env["INTAKE_SEQUENCES"] ?? 12);
const DELIVERIES = 14;

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());

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

const sentOf = (feed: FeedName): fc.Arbitrary<Sent> =>
  fc.record({
    feed: fc.constant(feed),
    bank: fc.constantFrom<1 | 2>(1, 1, 2),
    time: fc.integer({ min: 1, max: 6 }).map((day) => `2026-09-0${day}T00:00:00Z`),
    details: fc.array(details[feed], { maxLength: 5 }),
  });

const anySent = fc.oneof(sentOf("clients"), sentOf("accounts"), sentOf("loans"));

/** A new delivery, or one of those before again. */
const steps = fc.array(fc.oneof({ weight: 5, arbitrary: anySent }, { weight: 1, arbitrary: fc.nat(100) }), {
  ...{ minLength: 1, maxLength: DELIVERIES },
});

function textOf({ feed, bank, time, details: all }: Sent): string {
  const total = feed === "clients" ? 0 : all.reduce((sum, [, amount]) => sum + Number(amount ?? 0), 0);
  return fileOf(
    all.map((fields) => fields.join("|")),
    { feed, bank, time, total },
  );
}

async function send(connection: Connection, sent: Sent, tolerant: readonly Feed[]): Promise<DeliveryResult> {
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
const start: Ods = {
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

async function expectTables(ods: Ods): Promise<void> {
  for (const feed of ["clients", "accounts", "loans"] as const) {
    const rows = await intake.world.sql<{ row: string }>(queries[feed]);
    expect(rows.map(({ row }) => row).sort()).toEqual(ods[feed].map(({ fields }) => fields.join("|")).sort());
    const origins = await intake.world.sql<{ origin: string }>(
      `select key || ' ' || to_char(business_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as origin
       from intake.row_origin where feed = $1`,
      [feed],
    );
    const expected = ods[feed]
      .filter(({ time }) => time !== "")
      .map(({ fields, time }) => `${fields[0] ?? ""} ${time}`);
    expect(origins.map(({ origin }) => origin).sort()).toEqual(expected.sort());
  }
}

function expectSame(result: DeliveryResult, expected: Judgement, records: number): void {
  const { outcome, rejectedLines, counts } = expected;
  expect(result.outcome).toBe(outcome);
  const rejected = rejectedLines.length;
  const lines = result.rejects.map(({ line }) => line);
  expect(outcome === "unchanged" ? [] : lines).toEqual(rejectedLines);
  expect(outcome === "loaded" ? result.counts : undefined).toEqual(
    counts && { ...counts, records, rejected },
  );
}

it("after any sequence of deliveries, outcomes and tables are those of a second implementation", async () => {
  const outcomes: Record<string, number> = {};
  const property = fc.asyncProperty(steps, fc.nat(2), async (sequence, tolerated) => {
    await intake.reset();
    const tolerant = feeds.map((feed) => ({ ...feed, maxRejectedRecords: tolerated }));
    await intake.connected(async (connection) => {
      let ods = start;
      const sentBefore: Sent[] = [];
      const loaded: Sent[] = [];
      for (const step of sequence) {
        const sent = typeof step === "number" ? sentBefore[step % Math.max(1, sentBefore.length)] : step;
        if (sent === undefined) continue;
        sentBefore.push(sent);
        const expected = judge(ods, sent, tolerated);
        const result = await send(connection, sent, tolerant);
        expectSame(result, expected, sent.details.length);
        ods = expected.ods;
        await expectTables(ods);
        outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
        if (result.outcome === "loaded") loaded.push(sent);
      }
      const before = await intake.state();
      for (const sent of loaded)
        expect(await send(connection, sent, tolerant)).toMatchObject({ outcome: "unchanged" });
      expect(await intake.state()).toEqual(before);
    });
  });
  await fc.assert(property, { numRuns: SEQUENCES, endOnFailure: true });
  expect(Object.keys(outcomes).sort()).toEqual(["loaded", "rejected", "unchanged"]);
}, 1_200_000);
