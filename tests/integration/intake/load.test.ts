/** What becomes of files that are right, alone and after one another. */
import { createHash } from "node:crypto";

import { acceptedRows } from "../../../src/intake/accepted-rows";
import { feedNamed } from "../../../src/intake/feeds";
import type { DeliveryResult } from "../../../src/intake/result";
import type { Connection } from "../../../src/platform/database/connection";
import type { Row } from "../../../src/platform/database/row-stream";
import type { Statement } from "../../../src/platform/statement";
import { delivery, fileOf, IntakeWorld, NOW, type SentFile } from "../../support/intake-world";

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());
beforeEach(() => intake.reset());

const TWO_LOANS = fileOf(["70001|250000|1000|2026-09-14", "70002||1000|"], { total: 250_000 });
const none = { inserted: 0, updated: 0, same: 0, stale: 0, rejected: 0 };

/** A file of one loan. */
const oneLoan = (amount: number, time: string) =>
  fileOf([`70001|${amount}|1000|2026-09-14`], { total: amount, time });

describe("a delivery that is right", () => {
  it("is loaded, counted and entered in the ledger", async () => {
    const result = await intake.load(TWO_LOANS, {}, { version: "v1" });

    expect(result).toMatchObject({
      ...{ outcome: "loaded", dryRun: false, bankId: 1, records: 2, rejectedRecords: 0, problemCount: 0 },
      counts: { ...none, records: 2, inserted: 2 },
      figures: [
        { name: "number of details", stated: "2", found: "2" },
        { name: "control total", stated: "250000", found: "250000" },
      ],
      sha256: createHash("sha256").update(TWO_LOANS).digest("hex"),
      byteCount: TWO_LOANS.length,
    });
    expect(await intake.state()).toMatchObject({
      loans: [
        { idloan: 70001, amount: 250000, account_idaccount: 1000, loan_date: "2026-09-14" },
        { idloan: 70002, amount: null, account_idaccount: 1000, loan_date: null },
      ],
      origin: [{ key: "70001" }, { key: "70002" }],
      ledger: [{ feed: "loans", bank: 1, key: delivery({}).key, version: "v1", sha256: result.sha256 }],
    });
  });

  it.each<[string, string, SentFile]>([
    ["compressed", TWO_LOANS, { gzip: true }],
    ["with CRLF", TWO_LOANS.replaceAll("\n", "\r\n"), {}],
    ["without an end of its last line", TWO_LOANS.trimEnd(), {}],
    ["with CRLF and without an end of its last line", TWO_LOANS.replaceAll("\n", "\r\n").trimEnd(), {}],
    ["without details", fileOf([]), {}],
  ])("is loaded %s", async (_, content, file) => {
    expect(await intake.load(content, file)).toMatchObject({ outcome: "loaded", problems: [] });
  });

  it("is loaded with every character that a text can have", async () => {
    const names = [
      "a|b",
      "a\\b",
      "a\nb",
      "a\r\nb",
      "Zoë 日本 😀",
      "\\p",
      "  padded  ",
      "tab\there",
      "\\.",
      "x".repeat(50),
    ];
    const escape = (text: string) =>
      text.replace(/[\\|\n\r]/g, (each) => `\\${{ "\\": "\\", "|": "p", "\n": "n", "\r": "r" }[each] ?? ""}`);
    const details = names.map((name, at) => `${300 + at}|${escape(name)}|S|10`);
    const file = { feed: "clients" };

    const result = await intake.load(fileOf(details, file), file);

    expect(result).toMatchObject({ outcome: "loaded", problems: [] });
    const rows = await intake.world.sql<{ name: string }>(
      "select name from client where idclient >= 300 order by idclient",
    );
    expect(rows.map(({ name }) => name)).toEqual(names);
  });

  it("as fixed-width records is loaded as the same delimited records are", async () => {
    const fixed = [
      "HLOANS     0010000000001" + "20260930T220000Z",
      "D+0000070001+0000250000+000000100020260914",
      "D+0000070002-0000000001+0000001000",
      "D+0000070003           +0000001000        ",
      "T0000000003" + "+0000000000000249999",
    ];
    const content = fixed.map((line) => `${line.padEnd(64)}\n`).join("");

    expect(await intake.load(content)).toMatchObject({ outcome: "loaded", problems: [], records: 3 });
    expect(await intake.state()).toMatchObject({
      loans: [
        { idloan: 70001, amount: 250000, account_idaccount: 1000, loan_date: "2026-09-14" },
        { idloan: 70002, amount: -1, account_idaccount: 1000, loan_date: null },
        { idloan: 70003, amount: null, account_idaccount: 1000, loan_date: null },
      ],
    });
  });

  it("is loaded at the very instant to which its content is true", async () => {
    const [time] = NOW.toISOString().split(".");
    const content = fileOf([], { time: `${time ?? ""}Z` });
    const file = { time: (time ?? "").replaceAll(/[-:]/g, "") };
    expect(await intake.load(content, file)).toMatchObject({ outcome: "loaded", problems: [] });
  });

  it("tells how far it is while it is read, and how long each step took", async () => {
    const told: unknown[] = [];
    const onProgress = (progress: unknown) => told.push(progress);
    const startedAt = performance.now();
    const { durationsMs } = await intake.load(TWO_LOANS, {}, { onProgress });
    const tookMs = performance.now() - startedAt;
    expect(told.at(-1)).toEqual({ records: 2, byteCount: TWO_LOANS.length });
    const { read, check, load, total } = durationsMs;
    for (const each of [read, check, load]) expect(each).toBeGreaterThanOrEqual(0);
    // Each is rounded.
    expect(read + check + load).toBeLessThanOrEqual(total + 2);
    expect(total).toBeLessThanOrEqual(tookMs + 1);
  });

  it("is checked and not loaded in a dry run", async () => {
    const before = await intake.state();
    expect(await intake.load(TWO_LOANS, {}, { dryRun: true })).toMatchObject({
      ...{ outcome: "loaded", dryRun: true, counts: { ...none, records: 2, inserted: 2 } },
    });
    expect(await intake.state()).toEqual(before);
  });
});

interface Damage {
  readonly copied: (text: string) => string;
  readonly answer: (statement: Statement, rows: Row[]) => Row[];
}

const damaging = (connection: Connection, damage: Damage): Connection => ({
  ...connection,
  writeTransaction: (action) =>
    connection.writeTransaction((transaction) =>
      action({
        ...transaction,
        query: async (statement, values) =>
          damage.answer(statement, await transaction.query(statement, values)),
        copyIn: async (statement, content) => {
          async function* damaged() {
            for await (const chunk of content) yield Buffer.from(damage.copied(String(chunk)));
          }
          return transaction.copyIn(statement, damaged());
        },
      }),
    ),
});

describe("a load of which the database has something else than was sent", () => {
  it.each<[string, Partial<Damage>]>([
    ["1 copied records instead of 2", { copied: (text) => text.replace(/.*\n$/, "") }],
    ["the control total 250001", { copied: (text) => text.replace("|250000|", "|250001|") }],
    [
      "1 records instead of 2",
      {
        answer: ({ name }, rows) => (name === "loans: load" ? [["1", "0", "0", "0", "1", "0"]] : rows),
      },
    ],
  ])("changes nothing, and is a fault of the program: %s", async (what, damage) => {
    const before = await intake.state();
    const whole: Damage = { copied: (text) => text, answer: (_, rows) => rows };
    const loading = intake.load(
      TWO_LOANS,
      {},
      { via: (connection) => damaging(connection, { ...whole, ...damage }) },
    );
    await expect(loading).rejects.toMatchObject({
      ...{ name: "ReconciliationError", retry: false },
      message: `the database has not what was sent to it: ${what}`,
      hint: expect.stringContaining("report this as a fault of the program") as string,
    });
    expect(await intake.state()).toEqual(before);
  });
});

describe("a load during which another transaction", () => {
  it.each<[string, string, Row[]]>([
    ["loaded the same content", "add_delivery.sql", []],
    ["wrote the same rows", "loans: load", [["2", "0", "0", "0", "1", "0"]]],
    ["wrote the same rows", "loans: load", [["1", "1", "0", "0", "1", "0"]]],
  ])("%s changes nothing, and may be repeated: case %#", async (what, statement, rows) => {
    const before = await intake.state();
    const answer = ({ name }: Statement, answered: Row[]) => (name === statement ? rows : answered);
    const via = (connection: Connection) => damaging(connection, { copied: (text) => text, answer });
    await expect(intake.load(TWO_LOANS, {}, { via })).rejects.toMatchObject({
      name: "ConflictError",
      message: `another transaction ${what} while this delivery was loaded`,
      hint: "Nothing was loaded by this one.",
    });
    expect(await intake.state()).toEqual(before);
  });
});

describe("content that was loaded before", () => {
  it("changes nothing, and has the result of the first time", async () => {
    const first = await intake.load(TWO_LOANS, {}, { version: "v1" });
    const before = await intake.state();
    const again = await intake.load(TWO_LOANS, {}, { version: "v2" });

    expect(await intake.state()).toEqual(before);
    expect(again).toMatchObject({
      ...{ outcome: "unchanged", sha256: first.sha256, counts: first.counts, deliveryId: first.deliveryId },
      loadedBy: { key: delivery({}).key, version: "v1" },
    });
  });

  it("has no version if the first time had none", async () => {
    await intake.load(TWO_LOANS);
    const { loadedBy } = await intake.load(TWO_LOANS, {}, { version: "v2" });
    expect(Object.keys(loadedBy ?? {}).sort()).toEqual(["at", "key"]);
  });

  it("is not read if its SHA-256 is known", async () => {
    const { sha256 = "" } = await intake.load(TWO_LOANS);
    const unread = () => {
      throw new Error("it was read");
    };
    expect(await intake.load(unread, {}, { sha256 })).toMatchObject({ outcome: "unchanged" });
  });

  it("may be another bank's", async () => {
    await intake.load(fileOf([]));
    const file = { bank: "CréditDÉté" };
    expect(await intake.load(fileOf([], { bank: 2 }), file)).toMatchObject({ outcome: "loaded" });
  });
});

it("content with another SHA-256 than the expected one is not loaded", async () => {
  const before = await intake.state();
  const sha256 = createHash("sha256").update(TWO_LOANS).digest("hex");
  await expect(intake.load(TWO_LOANS, {}, { sha256: "0".repeat(64) })).rejects.toMatchObject({
    ...{ name: "StorageError", retry: false },
    message: `the content of ${delivery({}).key} has the SHA-256 ${sha256}, not ${"0".repeat(64)}`,
    hint: "Read the version of the object that was received.",
  });
  expect(await intake.state()).toEqual(before);
});

it("content that can't be read to its end is not loaded, and the error is the content's own", async () => {
  const before = await intake.state();
  async function* broken() {
    yield await Promise.resolve(Buffer.from(TWO_LOANS));
    throw new Error("the content's own");
  }
  await expect(intake.load(broken)).rejects.toThrow("the content's own");
  expect(await intake.state()).toEqual(before);
});

describe("deliveries after one another", () => {
  const at = async (amount: number, hour: string): Promise<DeliveryResult> =>
    intake.load(oneLoan(amount, `2026-09-30T${hour}:00:00Z`), { time: `20260930T${hour}0000` });
  const amount = async () =>
    (await intake.world.sql<{ amount: number }>("select amount from loans where idloan = 70001"))[0]?.amount;

  it("change rows that differ, and only those", async () => {
    await at(1, "01");
    expect(await at(1, "02")).toMatchObject({ counts: { ...none, records: 1, same: 1 } });
    expect(await at(2, "03")).toMatchObject({ counts: { ...none, records: 1, updated: 1 } });
    expect(await amount()).toBe(2);
  });

  it("leave rows alone of which the database has something newer", async () => {
    await at(3, "03");
    expect(await at(2, "02")).toMatchObject({
      outcome: "loaded",
      counts: { ...none, records: 1, stale: 1 },
    });
    expect(await amount()).toBe(3);
  });

  it("confirm a row that they don't change, so an older delivery that comes later doesn't change it either", async () => {
    await at(1, "01");
    await at(1, "03");
    expect(await at(2, "02")).toMatchObject({ counts: { ...none, records: 1, stale: 1 } });
    expect(await amount()).toBe(1);
  });

  it("of the same time correct one another in the order in which they come", async () => {
    await at(1, "01");
    expect(await at(2, "01")).toMatchObject({ counts: { ...none, records: 1, updated: 1 } });
    expect(await amount()).toBe(2);
  });

  it("change rows that the database had before any delivery", async () => {
    const file = { feed: "accounts", total: 7 };
    expect(await intake.load(fileOf(["1000|7|100|2020-01-01"], file), file)).toMatchObject({
      counts: { ...none, records: 1, updated: 1 },
    });
  });

  it("leave a stale account alone although its client has another account by now", async () => {
    await intake.world.sql("insert into client values (300, 'N', 'S', 10), (301, 'N', 'S', 10)");
    const account = (row: string, hour: string) => {
      const content = fileOf([row], { feed: "accounts", time: `2026-09-30T${hour}:00:00Z` });
      return intake.load(content, { feed: "accounts", time: `20260930T${hour}0000` });
    };
    await account("3000||300|", "01");
    await account("3000||301|", "03");
    await account("3001||300|", "04");
    expect(await account("3000||300|", "02")).toMatchObject({
      outcome: "loaded",
      counts: { ...none, records: 1, stale: 1 },
    });
  });

  it("refer to rows of each other", async () => {
    const send = (feed: string, detail: string, total = 0) =>
      intake.load(fileOf([detail], { feed, total }), { feed });
    expect(await send("clients", "300|Name|Surname|11")).toMatchObject({ outcome: "loaded" });
    expect(await send("accounts", "3000|-5|300|", -5)).toMatchObject({ outcome: "loaded" });
    expect(await send("loans", "70001|5|3000|", 5)).toMatchObject({ outcome: "loaded" });
  });
});

describe("the accepted rows of a delivery", () => {
  it.each(["loaded", "unchanged"])("are read from its file again when it is %s", async (outcome) => {
    const feed = feedNamed("loans");
    if (feed === undefined) throw new Error("there is no feed loans");
    let result = await intake.load(TWO_LOANS, { gzip: false });
    if (outcome === "unchanged") result = await intake.load(TWO_LOANS);
    expect(result.outcome).toBe(outcome);
    const content = {
      async *open() {
        yield Buffer.from(TWO_LOANS);
        await Promise.resolve();
      },
    };
    const rows = [];
    for await (const batch of acceptedRows(feed, delivery({}), content, result)) rows.push(...batch);
    expect(rows).toEqual([
      ["70001", "250000", "1000", "2026-09-14"],
      ["70002", null, "1000", null],
    ]);
    const all = async () => {
      for await (const _ of acceptedRows(feed, delivery({}), content, { ...result, sha256: "0" }));
    };
    await expect(all()).rejects.toMatchObject({ name: "StorageError" });
  });
});
