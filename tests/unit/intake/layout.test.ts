/** A layout fits its feed, and a file of several types of record is right only as a whole. */
import * as fc from "fast-check";

import { defineFeed, type Feed, type FeedOptions, type OwnedTable } from "../../../src/intake/feed";
import { FileCheck } from "../../../src/intake/file-check";
import { Findings } from "../../../src/intake/findings";
import { defineLayout, type LayoutOptions } from "../../../src/intake/layout";
import type { Column } from "../../../src/platform/columns";
import { delimited } from "../../../src/platform/format/delimited";
import { type AchEntry, achLines } from "../../support/ach";
import { payments, ROUTING } from "../../support/ach-feed";
import { delivery } from "../../support/intake-delivery";

/** The check of a file of the bank 1. */
class Checked {
  readonly findings = new Findings();
  readonly rows: (string | null)[][] = [];
  readonly #file: FileCheck;

  constructor(feed: Feed) {
    const expected = { feed, delivery: delivery({ feed: feed.name }), bankId: 1 };
    this.#file = new FileCheck(expected, this.findings, (_, row) => {
      this.rows.push(feed.columns.map((__, column) => row.text(column)));
    });
  }

  read(...lines: readonly string[]): this {
    this.#file.block({ bytes: Buffer.from(lines.map((line) => `${line}\n`).join("")), isCut: false });
    return this;
  }

  end(): this {
    this.#file.end();
    return this;
  }
}

const problemsOf = (lines: readonly string[]) =>
  new Checked(payments)
    .read(...lines)
    .end()
    .findings.problems.map(({ reason }) => reason);

const entry = (cents: number, ...remarks: string[]) =>
  ({ code: cents % 2 === 0 ? 22 : 27, receiver: 10, cents, remarks }) as const;
const FILE = achLines(
  [
    { company: "A", effective: "261001", entries: [entry(4, "ONE", "TWO"), entry(5), entry(6, "THREE")] },
    { company: "B", effective: "261002", entries: [entry(7)] },
  ],
  ROUTING[1] ?? "",
);

describe("a file of several types of record", () => {
  it("is right as it is", () => {
    expect(problemsOf(FILE)).toEqual([]);
  });

  it.each(FILE.map((line, at) => [at + 1, line[0] ?? ""]))(
    "is wrong without its line %d, or with that line twice (type %s)",
    (number) => {
      expect(problemsOf(FILE.filter((_, at) => at !== number - 1))).not.toEqual([]);
      const twice = FILE.flatMap((line, at) => (at === number - 1 ? [line, line] : [line]));
      expect(problemsOf(twice)).not.toEqual([]);
    },
  );

  it("is wrong with two lines of different types in the other order", () => {
    for (const [at, line] of FILE.entries()) {
      const next = FILE[at + 1] ?? line;
      if (next.startsWith(line[0] ?? "") && !line.startsWith("7")) continue;
      const lines = [...FILE.slice(0, at), next, line, ...FILE.slice(at + 2)];
      expect({ at, problems: problemsOf(lines) }).not.toEqual({ at, problems: [] });
    }
  });

  it("of any batches has a row for each entry, of which no amount can change unnoticed", () => {
    const entries = fc.array(
      fc.record({
        code: fc.constantFrom<AchEntry["code"][]>(22, 27, 32, 37),
        ...{ receiver: fc.constantFrom(10, 11), cents: fc.nat(2_000_000_000) },
        remarks: fc.array(fc.constantFrom("ONE", "A | B"), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const company = fc.constantFrom("FIRST", "SECOND");
    const batches = fc.array(
      fc.record({ company, effective: fc.constantFrom("260930", "280229"), entries }),
      {
        ...{ minLength: 1, maxLength: 4 },
      },
    );
    const property = fc.property(batches, fc.nat(), fc.integer({ min: 1, max: 9 }), (sent, which, digit) => {
      const lines = achLines(sent, ROUTING[1] ?? "");
      const { findings, rows } = new Checked(payments).read(...lines).end();
      expect(findings.problems).toEqual([]);
      const all = sent.flatMap((batch) => batch.entries.map((each) => ({ ...batch, ...each })));
      expect(rows.map((row) => row.slice(1).filter((_, column) => column !== 2))).toEqual(
        all.map(({ code, receiver, cents, ...batch }) => [
          ...[String(code), String(receiver), (cents / 100).toFixed(2), batch.company],
          batch.effective.replace(/^(..)(..)(..)$/, "20$1-$2-$3"),
        ]),
      );
      const places = lines.flatMap((line, at) => (line.startsWith("6") ? [at] : []));
      const place = places[which % places.length];
      // A digit of the amount becomes another one.
      const changed = lines.map((line, at) => {
        if (at !== place) return line;
        return `${line.slice(0, 38)}${(Number(line[38]) + digit) % 10}${line.slice(39)}`;
      });
      expect(problemsOf(changed)).not.toEqual([]);
    });
    fc.assert(property, { numRuns: 30 });
  });

  it("reads every record after one that is out of order", () => {
    const reasons = problemsOf(FILE.filter((line) => !line.startsWith("5")));
    expect(reasons.filter((reason) => reason.includes("where a batch header"))).toHaveLength(2);
    expect(reasons).toContain("the file control's number of batches is 2, the records give 0");
    expect(reasons.filter((reason) => reason.includes("sum of"))).toEqual([
      "the batch control's sum of debits is 0.07, the records give 0.12",
      "the batch control's sum of credits is 0.00, the records give 0.10",
    ]);
  });
});

const columns = [
  { name: "id", type: "int64", meaning: "" },
  { name: "day", type: "date", meaning: "" },
] as const satisfies readonly Column[];

describe("a row with a field of a record before it", () => {
  const bank: Column<"bank"> = { name: "bank", type: "int32", meaning: "" };
  const feed = defineFeed({
    ...{ name: "days", version: 1, table: "day", columns: [columns[1], columns[0]], key: "id" },
    owner: { column: "id", to: payments },
    layouts: [
      defineLayout({
        format: delimited({
          head: { code: "H", columns: [columns[1]] },
          row: { code: "R", columns: [bank, columns[0]] },
        }),
        order: ["head", { many: "row" }],
        ...{ rows: "row", rowsAlsoHave: ["head"], controls: [] },
        claims: [{ type: "row", column: "bank", of: "bank" }],
      }),
    ],
  });

  it("has that of its own file, although two files are read at the same time", () => {
    const [one, other] = [new Checked(feed), new Checked(feed)];
    one.read("H|2026-09-30");
    other.read("H|2026-10-01");
    one.read("R|1|70").end();
    other.read("R|1|71").end();
    expect([...one.rows, ...other.rows]).toEqual([
      ["2026-09-30", "70"],
      ["2026-10-01", "71"],
    ]);
  });

  it("may claim as well: a false claim makes the record wrong, not the file", () => {
    const { findings, rows } = new Checked(feed).read("H|2026-09-30", "R|1|70", "R|2|71", "R|01|72").end();
    expect(findings.isFileWrong).toBe(false);
    expect(findings.problems).toEqual([
      {
        ...{ line: 3, column: "bank", record: "R|2|71" },
        reason: "bank is not 1, the bank of the folder FirstNational",
      },
    ]);
    expect(rows.map(([, id]) => id)).toEqual(["70", "72"]);
  });
});

describe("a definition is refused", () => {
  const format = delimited({
    head: { code: "H", columns: [columns[1]] },
    row: { code: "R", columns: [columns[0]] },
    other: { code: "X", columns: [{ ...columns[1], nullable: true }] },
  });
  type Options = LayoutOptions<"head" | "row" | "other">;
  const days: OwnedTable = { table: "day", key: "id", owner: { bankColumn: "id" } };
  const daysFeed: FeedOptions<"id" | "day"> = {
    ...{ name: "days", version: 1, table: "day", columns, key: "id" },
    owner: { column: "id", to: payments },
  };
  const layout = (options: Partial<Options>) => () =>
    defineFeed({
      ...daysFeed,
      layouts: [
        defineLayout({
          ...{ format, order: ["head", { many: "row" }], rows: "row", rowsAlsoHave: ["head"] },
          ...{ claims: [], controls: [], ...options },
        }),
      ],
    });

  it.each<[string, Partial<FeedOptions<"id" | "day">>, string]>([
    ["that refers to its own table", { owner: { column: "id", to: days } }, "can't refer to its own table"],
    ["whose table isn't a plain name", { table: "days; drop table" }, "a name that is not lower case"],
    ["whose key is no number", { key: "day" }, "the key day of the feed days must be a whole number"],
    [
      "whose key may be missing",
      { columns: [{ ...columns[0], nullable: true }, columns[1]] },
      "the column id of the feed days can't be nullable",
    ],
    [
      "whose owner may be missing",
      {
        columns: [columns[0], { ...columns[1], nullable: true }],
        owner: { column: "day", to: payments },
      },
      "the column day of the feed days can't be nullable",
    ],
    [
      "with a column that isn't a plain name",
      { columns: [...columns, { name: "Day", type: "date", meaning: "" } as never] },
      "a name that is not lower case: Day",
    ],
    [
      "whose key may be missing, whatever its owner",
      {
        columns: [{ ...columns[0], nullable: true }, columns[1]],
        owner: { column: "day", to: payments },
      },
      "the column id of the feed days can't be nullable",
    ],
    [
      "that has a further reference to its own table",
      { references: [{ column: "id", to: days }] },
      "can't refer to its own table",
    ],
    [
      "that has its own table among further references",
      {
        references: [
          { column: "id", to: days },
          { column: "id", to: payments },
        ],
      },
      "can't refer to its own table",
    ],
    ["that tolerates too much", { maxRejectedRecords: 1001 }, "may tolerate 1000 wrong records at most"],
  ])("%s", (_, options, message) => {
    expect(() => defineFeed({ ...daysFeed, ...options })).toThrow(message);
    expect(() => defineFeed(daysFeed)).not.toThrow();
  });

  it("unless it is at the limits of what it may be", () => {
    const day = { ...columns[1], nullable: true } as const;
    const references = [{ column: "day", to: payments }] as const;
    const options = { ...daysFeed, columns: [columns[0], day], references, maxRejectedRecords: 1000 };
    expect(defineFeed(options)).toMatchObject({
      ...{ name: "days", maxRejectedRecords: 1000, rhythm: undefined, rhythms: {} },
      references: [daysFeed.owner, ...references],
    });
    expect(defineFeed(daysFeed)).toMatchObject({ maxRejectedRecords: 0, references: [daysFeed.owner] });
  });

  it("if its control total is not in the rows' own record", () => {
    const amount = { name: "day", type: "int32", meaning: "" } as const;
    const ownFormat = delimited({
      head: { code: "H", columns: [amount] },
      row: { code: "R", columns: [columns[0]] },
    });
    const defining = () =>
      defineFeed({
        ...{ ...daysFeed, columns: [columns[0], amount], controlTotal: "day" },
        layouts: [
          defineLayout({
            ...{ format: ownFormat, order: ["head", { many: "row" }], rows: "row", rowsAlsoHave: ["head"] },
            ...{ claims: [], controls: [] },
          }),
        ],
      });
    expect(defining).toThrow("the column day must be in the record row");
  });

  it.each<[string, Partial<Options>, string]>([
    ["that lacks a column", { rowsAlsoHave: [] }, "the column day is in none of the records row"],
    [
      "that lacks a column in several records",
      { rows: "other", rowsAlsoHave: ["head"] },
      "the column id is in none of the records other, head",
    ],
    [
      "with another column of the name",
      { rowsAlsoHave: ["other"] },
      "the column day is another in the record",
    ],
    [
      "whose rows' key is elsewhere",
      { rows: "head", rowsAlsoHave: ["row"] },
      "the column id must be in the record",
    ],
    [
      "that claims what isn't there",
      { claims: [{ type: "row", column: "bank", of: "bank" }] },
      "a claim needs the column bank, which the type row doesn't have",
    ],
    [
      "with a figure of what isn't there",
      { controls: [{ name: "sum", over: { row: "sum" }, statedBy: { type: "row", column: "id" } }] },
      "a control figure needs the column sum",
    ],
  ])("%s", (_, options, message) => {
    expect(layout({})).not.toThrow();
    expect(layout(options)).toThrow(message);
  });
});
