/** Files of a public format with several types of record are checked and loaded like any others. */
import { acceptedRows } from "../../../src/intake/accepted-rows";
import type { Problem } from "../../../src/intake/result";
import { parquetFile } from "../../../src/platform/format/parquet";
import { type AchBatch, achLines, FILLER } from "../../support/ach";
import { payments, paymentTables, ROUTING } from "../../support/ach-feed";
import { queryParquet } from "../../support/duckdb";
import { delivery, IntakeWorld, type SentFile } from "../../support/intake-world";

let intake: IntakeWorld;
beforeAll(async () => {
  intake = await IntakeWorld.create();
  await intake.world.sql(paymentTables);
});
afterAll(() => intake.close());
beforeEach(() =>
  intake.world.sql("delete from payment; delete from intake.delivery; delete from intake.row_origin"),
);

const FIRST: AchBatch = {
  ...{ company: "FIRST | COMPANY", effective: "261001" },
  entries: [
    { code: 22, receiver: 10, cents: 150_00, remarks: ["A REMARK", "AND MORE"] },
    { code: 27, receiver: 11, cents: 20_05 },
  ],
};
const SECOND: AchBatch = {
  ...{ company: "SECOND", effective: "261002" },
  entries: [{ code: 32, receiver: 10, cents: 1 }],
};
const FILE = achLines([FIRST, SECOND], ROUTING[1] ?? "");

const file: SentFile = { feed: "payments" };
const contentOf = (lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join("");
const load = (lines: readonly string[], sent = file) =>
  intake.load(contentOf(lines), sent, { feeds: [payments] });
const rows = () =>
  intake.world.sql(
    "select trace::text, code, receiver, account, amount, company, effective::text from payment order by trace",
  );

const LOADED = [
  ["990000001", 22, 10, "ACCOUNT 1", "150.00", "FIRST | COMPANY", "2026-10-01"],
  ["990000002", 27, 11, "ACCOUNT 2", "20.05", "FIRST | COMPANY", "2026-10-01"],
  ["990000003", 32, 10, "ACCOUNT 3", "0.01", "SECOND", "2026-10-02"],
].map(([trace, code, receiver, account, amount, company, effective]) => {
  return { trace, code, receiver, account, amount, company, effective };
});

describe("a file with several types of record", () => {
  it("is loaded: each entry a row, with fields of its batch", async () => {
    const result = await load(FILE);
    expect(result).toMatchObject({
      ...{ outcome: "loaded", problems: [] },
      counts: { records: 3, inserted: 3, updated: 0, same: 0, stale: 0, rejected: 0 },
    });
    expect(result.figures?.map(({ name, stated, found }) => [name, stated, found])).toEqual([
      ["number of batches", "2", "2"],
      ["number of entries and addenda", "5", "5"],
      ["hash", "31", "31"],
      ["sum of debits", "20.05", "20.05"],
      ["sum of credits", "150.01", "150.01"],
      ["number of records in blocks of ten", "20", "20"],
    ]);
    expect(await rows()).toEqual(LOADED);
  });

  it("is unchanged the second time, with the same figures", async () => {
    const { figures } = await load(FILE);
    expect(await load(FILE)).toMatchObject({ outcome: "unchanged", figures });
    expect(await rows()).toEqual(LOADED);
  });

  it("leaves rows alone of which the database has something newer", async () => {
    await load(FILE);
    const others = [FIRST, SECOND].map((batch) => ({ ...batch, company: "OTHER" }));
    const older = achLines(others, ROUTING[1] ?? "", "260929");
    expect(await load(older, { ...file, time: "20260929T220000" })).toMatchObject({
      ...{ outcome: "loaded", counts: { records: 3, stale: 3 } },
    });
    expect(await rows()).toEqual(LOADED);
  });

  it("has the same rows as Parquet", async () => {
    const result = await load(FILE);
    const content = {
      async *open() {
        yield Buffer.from(contentOf(FILE));
        await Promise.resolve();
      },
    };
    const accepted = acceptedRows(payments, delivery(file), content, result);
    const bytes: Buffer[] = [];
    for await (const chunk of parquetFile(payments.columns, accepted)) bytes.push(chunk);
    const found = await queryParquet(
      [Buffer.concat(bytes)],
      "select trace::text, code, receiver, account, amount::text, company, effective::text from file0 order by 1",
    );
    expect(found).toEqual(LOADED.map((row) => Object.values(row)));
  });
});

/** The file with one line changed: `from` is in it, and becomes `to`. */
const changed = (line: number, from: string, to: string) => {
  expect(FILE[line - 1]).toContain(from);
  return FILE.map((each, at) => (at === line - 1 ? each.replace(from, to) : each));
};
/** The line and the next one in the other order. */
const swapped = (line: number) => [
  ...FILE.slice(0, line - 1),
  ...FILE.slice(line - 1, line + 1).reverse(),
  ...FILE.slice(line + 1),
];

type Said = readonly (readonly [line: number | undefined, column: string | undefined, reason: string])[];

// The lines: 1 file header; 2 batch header, 3 entry, 4 and 5 addenda, 6 entry, 7 batch control; 8 batch header, 9 entry,
// 10 batch control; 11 file control; 12 to 20 filler.
const rejected: Readonly<Record<string, () => readonly [readonly string[], Said]>> = {
  "a batch with a wrong count": () => [
    changed(7, "8200000004", "8200000003"),
    [[7, "records", "the batch control's number of entries and addenda is 3, the records give 4"]],
  ],
  "a batch with a wrong hash": () => [
    changed(7, "0000000021", "0000000022"),
    [[7, "hash", "the batch control's hash is 22, the records give 21"]],
  ],
  "a batch with a wrong sum of debits": () => [
    changed(7, "000000002005", "000000002500"),
    [[7, "debits", "the batch control's sum of debits is 25.00, the records give 20.05"]],
  ],
  "a debit that is a credit": () => [
    changed(6, "627", "622"),
    [
      [7, "debits", "the batch control's sum of debits is 20.05, the records give 0.00"],
      [7, "credits", "the batch control's sum of credits is 150.00, the records give 170.05"],
      [11, "debits", "the file control's sum of debits is 20.05, the records give 0.00"],
      [11, "credits", "the file control's sum of credits is 150.01, the records give 170.06"],
    ],
  ],
  "a file with a wrong number of batches": () => [
    changed(11, "9000002", "9000003"),
    [[11, "batches", "the file control's number of batches is 3, the records give 2"]],
  ],
  "addenda in another order": () => [
    swapped(4),
    [
      [4, "sequence", "the addendum's number behind its entry is 2, the records give 1"],
      [5, "sequence", "the addendum's number behind its entry is 1, the records give 2"],
    ],
  ],
  "addenda before their entry": () => [
    swapped(3),
    [
      [3, undefined, "the line is an addendum where an entry or a batch control belongs"],
      [3, "entrySequence", "the addendum's entry is 1, the records give 0"],
      [5, "sequence", "the addendum's number behind its entry is 2, the records give 1"],
    ],
  ],
  "addenda of another entry": () => [
    changed(4, "00010000001", "00010000002"),
    [[4, "entrySequence", "the addendum's entry is 2, the records give 1"]],
  ],
  "a batch that begins before the one before it ends": () => [
    swapped(7),
    [
      [7, undefined, "the line is a batch header where an addendum, an entry or a batch control belongs"],
      [8, "records", "the batch control's number of entries and addenda is 4, the records give 0"],
      [8, "hash", "the batch control's hash is 21, the records give 0"],
      [8, "debits", "the batch control's sum of debits is 20.05, the records give 0.00"],
      [8, "credits", "the batch control's sum of credits is 150.00, the records give 0.00"],
      [8, "batch", "the batch control's number is 1, the records give 2"],
      [9, undefined, "the line is an entry where a batch header or a file control belongs"],
    ],
  ],
  "a batch with another header's number": () => [
    changed(8, "0000002", "0000003"),
    [
      [8, "batch", "the batch header's number is 3, the records give 2"],
      [10, "batch", "the batch control's number is 2, the records give 3"],
    ],
  ],
  "a last block that is cut short": () => [
    FILE.slice(0, -3),
    [[11, "blocks", "the file control's number of records in blocks of ten is 20, the records give 17"]],
  ],
  "a block too many": () => [
    [...FILE, ...Array<string>(10).fill(FILLER)],
    [[11, "blocks", "the file control's number of records in blocks of ten is 20, the records give 30"]],
  ],
  "a file that ends in a batch": () => [
    FILE.slice(0, 9),
    [[undefined, undefined, "the file has no file control: its end is missing"]],
  ],
  "a file with something behind its end": () => [
    [...FILE, FILE[8] ?? ""],
    [[21, undefined, "something follows the file control"]],
  ],
  "a file for another bank": () => [
    achLines([FIRST, SECOND], ROUTING[2] ?? ""),
    [[1, "destination", "the file header's bank is not 000000107, the bank of the folder FirstNational"]],
  ],
  "a file of another day": () => [
    achLines([FIRST, SECOND], ROUTING[1] ?? "", "260929"),
    [[1, "created", "the file header's business time is not 2026-09-30, as the file's name says"]],
  ],
  "a date that doesn't exist": () => [
    changed(8, "261002", "261032"),
    [
      [
        8,
        "effective",
        "the batch header has a wrong field: it expected a date that exists, YYMMDD, from 2000 on",
      ],
    ],
  ],
  "an entry for another bank": () => [
    achLines([{ ...SECOND, entries: [{ code: 22, receiver: 20, cents: 1 }] }], ROUTING[1] ?? ""),
    [[3, "receiver", "refers to a row of routing that isn't this bank's"]],
  ],
};

it.each(Object.entries(rejected))("%s is rejected with its report", async (_, variant) => {
  const [lines, said] = variant();
  const result = await load(lines);
  expect(result.problems.map(({ line, column, reason }: Problem) => [line, column, reason])).toEqual(said);
  expect(result.outcome).toBe("rejected");
  expect(await rows()).toEqual([]);
});
