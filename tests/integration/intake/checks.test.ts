/** What intake does where some records of a file are wrong: tolerance, waiting, limits of a report. */
import { Readable } from "node:stream";

import { acceptedRows } from "../../../src/intake/accepted-rows";
import type { Feed } from "../../../src/intake/feed";
import { feedNamed } from "../../../src/intake/feeds";
import { delivery, fileOf, IntakeWorld } from "../../support/intake-world";

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());
beforeEach(() => intake.reset());

function tolerating(maxRejectedRecords: number): Feed[] {
  const loans = feedNamed("loans");
  if (loans === undefined) throw new Error("there is no feed loans");
  return [{ ...loans, maxRejectedRecords }];
}

const ids = async () =>
  (await intake.world.sql<{ idloan: number }>("select idloan from loans order by 1")).map(
    ({ idloan }) => idloan,
  );

describe("a feed that tolerates wrong records", () => {
  /** Two wrong records of four, one found in the file and one in the database. */
  const content = fileOf(
    ["70001|1|1000|", "70002|2|1000|yesterday", "70003|3|2000|", "70004|4|1000|2026-09-01"],
    { total: 10 },
  );

  it("loads the others, and keeps the wrong ones beside the report", async () => {
    const result = await intake.load(content, {}, { feeds: tolerating(2) });

    const rejects = [
      {
        line: 3,
        record: "D|70002|2|1000|yesterday",
        reasons: ["loan_date expected a date that exists, YYYY-MM-DD, from 1900-01-01 to 9999-12-31"],
      },
      {
        line: 4,
        record: "D|70003|3|2000|",
        reasons: ["account_idaccount refers to a row of account that isn't this bank's"],
      },
    ];
    expect(result).toMatchObject({
      outcome: "loaded",
      counts: { records: 4, inserted: 2, updated: 0, same: 0, stale: 0, rejected: 2 },
      ...{ rejects, rejectedRecords: 2, problemCount: 2 },
      problems: [
        { line: 3, record: "D|70002|2|1000|yesterday" },
        { line: 4, record: "D|70003|3|2000|" },
      ],
    });
    expect(await ids()).toEqual([70001, 70004]);

    const again = await intake.load(content, {}, { feeds: tolerating(2) });
    expect(again).toMatchObject({ outcome: "unchanged", rejects, counts: result.counts });

    const [feed] = tolerating(2);
    const rows = [];
    const file = { open: () => Readable.from([Buffer.from(content)]) };
    if (feed !== undefined) {
      for await (const batch of acceptedRows(feed, delivery({}), file, again)) rows.push(...batch);
    }
    expect(rows.map(([id]) => id)).toEqual(["70001", "70004"]);
  });

  it("rejects the file if there are more", async () => {
    expect(await intake.load(content, {}, { feeds: tolerating(1) })).toMatchObject({
      ...{ outcome: "rejected", rejectedRecords: 2 },
    });
    expect(await ids()).toEqual([]);
  });

  it("still compares the trailer with all records, not with those that are left", async () => {
    const left = fileOf(["70001|1|1000|", "70002|2|1000|yesterday"], { total: 1, count: 1 });
    expect(await intake.load(left, {}, { feeds: tolerating(1) })).toMatchObject({
      outcome: "rejected",
      problems: [{ line: 3 }, { column: "records" }, { column: "total" }],
    });
  });

  it("rejects the file if an amount can't be read, because the control total then proves nothing", async () => {
    const unreadable = fileOf(["70001|1|1000|", "70002|two|1000|"], { total: 3 });
    expect(await intake.load(unreadable, {}, { feeds: tolerating(1) })).toMatchObject({
      outcome: "rejected",
    });
  });

  it("rejects both records with the same key, because which of them is right isn't known", async () => {
    const twice = fileOf(["70001|1|1000|", "70002|2|1000|", "70001|3|1000|"], { total: 6 });
    expect(await intake.load(twice, {}, { feeds: tolerating(2) })).toMatchObject({
      ...{ outcome: "loaded", rejectedRecords: 2 },
    });
    expect(await ids()).toEqual([70002]);
  });
});

describe("records that refer to rows that don't exist yet", () => {
  const content = fileOf(["70001|1|3000|", "70002|2|1000|"], { total: 3 });
  const waiting = { name: "WaitingError", retry: true, exitCode: 75 };

  it("make a delivery wait, and it is loaded when the rows are there", async () => {
    const before = await intake.state();
    const load = () => intake.load(content, {}, { ifMissing: "wait" });
    await expect(load()).rejects.toMatchObject({
      ...waiting,
      message:
        "1 records of FirstNational/loans_20260930T220000Z.dat refer to rows that don't exist yet, of: account",
    });
    expect(await intake.state()).toEqual(before);

    const send = (feed: string, detail: string) => intake.load(fileOf([detail], { feed }), { feed });
    await send("clients", "300|N|S|10");
    await send("accounts", "3000||300|");
    expect(await load()).toMatchObject({ outcome: "loaded", counts: { inserted: 2 } });
  });

  it("name every table of which rows may be missing", async () => {
    const [feed] = tolerating(0);
    const clients = feedNamed("clients");
    if (feed === undefined || clients === undefined) throw new Error("there is no such feed");
    const references = [...feed.references, { column: "amount", to: clients }];
    const two = fileOf(["70001|9999|1000|", "70002|100|3000|"], { total: 10_099 });
    const options = { ifMissing: "wait", feeds: [{ ...feed, references }] } as const;
    await expect(intake.load(two, {}, options)).rejects.toMatchObject({
      message: expect.stringMatching(/^2 records of .* of: account, client$/) as string,
      hint: "Deliver the bank's files that have these rows first. Nothing was loaded.",
    });
  });

  it("make a delivery wait although its feed tolerates them", async () => {
    await expect(intake.load(content, {}, { ifMissing: "wait", feeds: tolerating(1) })).rejects.toMatchObject(
      waiting,
    );
    expect(await intake.load(content, {}, { feeds: tolerating(1) })).toMatchObject({ outcome: "loaded" });
  });

  it("don't make a file wait that is wrong in another way", async () => {
    for (const wrong of [
      fileOf(["70001|1|3000|", "70002|2|1000|"], { total: 4 }),
      fileOf(["70001|1|3000|", "70002|2|2000|"], { total: 3 }),
    ]) {
      expect(await intake.load(wrong, {}, { ifMissing: "wait" })).toMatchObject({ outcome: "rejected" });
    }
  });

  it("are wrong when waiting is over", async () => {
    expect(await intake.load(content)).toMatchObject({ outcome: "rejected", rejectedRecords: 1 });
  });
});

describe("a report", () => {
  it("has the first 1,000 problems and counts the others", async () => {
    const details = Array.from({ length: 1500 }, (_, at) => `${70001 + at}|0|1000|yesterday`);
    const result = await intake.load(fileOf(details));
    expect(result).toMatchObject({ outcome: "rejected", rejectedRecords: 1500, problemCount: 1500 });
    expect([result.problems.length, result.rejects.length]).toEqual([1000, 1000]);
  });

  it("has the first 1,000 problems that the database finds and counts the others", async () => {
    const details = Array.from({ length: 1500 }, (_, at) => `${70001 + at}|0|9999|`);
    const result = await intake.load(fileOf(details), { gzip: true });
    expect(result).toMatchObject({ outcome: "rejected", rejectedRecords: 1500, problemCount: 1500 });
    expect([result.problems.length, result.rejects.length]).toEqual([1000, 1000]);
    expect(result.rejects[999]).toMatchObject({ line: 1001, record: "D|71000|0|9999|" });
  });

  it("has what is wrong with the file, however many records are wrong", async () => {
    const details = Array.from({ length: 3000 }, (_, at) => `${70001 + at}|0|1000|yesterday`);
    const result = await intake.load(fileOf(details, { count: 2999, total: 1 }));
    expect(result).toMatchObject({ rejectedRecords: 3000, problemCount: 3002 });
    expect(result.problems).toHaveLength(1000);
    expect(result.problems.slice(-3).map(({ line, column }) => [line, column])).toEqual([
      [999, "loan_date"],
      [3002, "records"],
      [3002, "total"],
    ]);
  });

  it("quotes a long record in part", async () => {
    const result = await intake.load(fileOf([`70001|${"x".repeat(5000)}|1000|`]));
    expect(result.rejects[0]?.record).toHaveLength(1001);
  });
});

it("a delivery is read at its deadline no further, and nothing is loaded", async () => {
  const before = await intake.state();
  async function* endless() {
    yield Buffer.from("H|loans|1|1|2026-09-30T22:00:00Z\n");
    for (let line = 1; ; line++) {
      yield Buffer.from(`D|${line}|0|1000|\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  await expect(intake.load(endless, {}, { timeLimitMs: 1000 })).rejects.toThrow();
  expect(await intake.state()).toEqual(before);
});

it("a folder that several banks have is an error, because one could deliver for the other", async () => {
  await intake.world.sql("insert into bank values (3, 'first national', 1)");
  await expect(intake.load(fileOf([]))).rejects.toMatchObject({
    name: "QueryError",
    message: "the folder FirstNational belongs to several banks: 1, 3",
  });
});
