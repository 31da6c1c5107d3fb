import fc from "fast-check";

import {
  addTotals,
  belongsTo,
  defineExtract,
  formatTotals,
  isEmpty,
  isSameTotals,
  parseTotals,
  Sums,
} from "../../../src/extract/definition";
import { definitions, extractNamed, extractNames } from "../../../src/extract/definitions";
import type { Month } from "../../../src/platform/month";

const statement = { name: "none.sql", text: "", sha256: "" };

const balances = defineExtract({
  name: "balances",
  folder: "balances/",
  statement,
  columns: [
    { name: "bank_id", type: "int32", meaning: "the bank" },
    { name: "opened_on", type: "date", meaning: "the day" },
    { name: "balance", type: "decimal(18,2)", nullable: true, meaning: "the balance" },
  ],
  windowMonths: 1,
  windowColumns: [],
  rowKey: ["opened_on"],
  fileBy: { bank: "bank_id", month: "opened_on" },
  reconciliation: {
    source: "the table account",
    measures: [{ name: "accountCount" }, { name: "balanceTotal", column: "balance" }],
    quality: [],
    controls: statement,
    bankControls: statement,
    describe: ({ accountCount = 0n }) => `${String(accountCount)} accounts`,
  },
});

/** A third with two decimals, rounded half away from zero as PostgreSQL does. */
function third(total: bigint): string {
  const size = total < 0n ? -total : total;
  const hundredths = String((size * 200n + 3n) / 6n).padStart(3, "0");
  return `${total < 0n ? "-" : ""}${hundredths.slice(0, -2)}.${hundredths.slice(-2)}`;
}

describe("the sums of rows", () => {
  it("are exact for decimals, and NULL adds nothing", () => {
    const sums = new Sums(balances);
    sums.add([
      ["1", "2026-09-01", "90071992547409.93"],
      ["1", "2026-09-02", null],
      ["1", "2026-09-03", "-0.05"],
    ]);
    expect(sums.totals).toEqual({ accountCount: 3n, balanceTotal: 9007199254740988n });
    expect(formatTotals(balances, sums.totals)).toEqual({
      accountCount: "3",
      balanceTotal: "90071992547409.88",
    });
  });

  it.each([
    [-5n, "-0.05"],
    [5n, "0.05"],
    [0n, "0.00"],
    [-12345n, "-123.45"],
  ])("are written to a manifest and read back: %s units as %s", (balanceTotal, text) => {
    const totals = { accountCount: 1n, balanceTotal };
    expect(formatTotals(balances, totals)["balanceTotal"]).toBe(text);
    expect(parseTotals(balances, { accountCount: "1", balanceTotal: text })).toEqual(totals);
  });

  it("refuse a number whose decimals don't match its column", () => {
    const sums = new Sums(balances);
    expect(() => {
      sums.add([["1", "2026-09-01", "1.5"]]);
    }).toThrow(SyntaxError);
  });

  it("use the columns of the rows, which may be those of an older file", () => {
    const sums = new Sums(balances, ["balance", "bank_id"]);
    sums.add([["1.00", "7"]]);
    expect(sums.totals).toEqual({ accountCount: 1n, balanceTotal: 100n });
  });

  it("add nothing for a column that an older file doesn't have", () => {
    const sums = new Sums(balances, ["bank_id"]);
    sums.add([["7"], ["8"]]);
    expect(sums.totals).toEqual({ accountCount: 2n, balanceTotal: 0n });
  });

  it("of means are the exact sums that the means were made from", () => {
    const means = defineExtract({
      ...balances,
      columns: [{ name: "mean", type: "decimal(18,2)", meaning: "a third of a whole number" }],
      windowColumns: [],
      rowKey: ["mean"],
      fileBy: { bank: "mean", month: "mean" },
      reconciliation: {
        ...balances.reconciliation,
        measures: [{ name: "total", column: "mean", meanOf: 3 }],
      },
    });
    const amounts = fc.array(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), { minLength: 1 });
    fc.assert(
      fc.property(amounts, (totals) => {
        const sums = new Sums(means);
        sums.add(totals.map((total) => [third(total)]));
        const total = totals.reduce((sum, each) => sum + each, 0n);
        expect(sums.totals).toEqual({ total });
        expect(formatTotals(means, sums.totals)).toEqual({ total: String(total) });
      }),
    );
  });

  it("add up, and are compared, measure by measure", () => {
    const [one, other] = [
      { accountCount: 1n, balanceTotal: 2n },
      { accountCount: 3n, balanceTotal: -2n },
    ];
    expect(addTotals(balances, [one, other])).toEqual({ accountCount: 4n, balanceTotal: 0n });
    expect(isSameTotals(balances, one, { ...one })).toBe(true);
    expect(isSameTotals(balances, one, { ...one, balanceTotal: 3n })).toBe(false);
  });
});

describe.each(extractNames)("the definition of %s", (name) => {
  it("has distinct columns, each with a meaning", () => {
    const columns = extractNamed(name)?.columns ?? [];
    expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length);
    expect(columns.filter(({ meaning }) => meaning === "" || meaning.endsWith("."))).toEqual([]);
  });
});

it("no two definitions have the same name or folder, and no folder can be taken for a bank's or a part of a name", () => {
  expect(new Set(extractNames).size).toBe(definitions.length);
  const folders = definitions.map(({ folder }) => folder);
  expect(new Set(folders).size).toBe(folders.length);
  // A bank's folder begins with a capital letter, a digit, or a letter of a script without capitals.
  for (const folder of folders) expect(folder).toMatch(/^([a-z_]+\/)?$/);
});

it.each([
  [{ accountCount: 0n, balanceTotal: 0n }, true],
  [{ accountCount: 2n, balanceTotal: 0n }, false],
  [{ accountCount: 0n, balanceTotal: 1n }, true],
])("a month with the totals %p is empty: %p", (totals, expected) => {
  expect(isEmpty(balances, totals)).toBe(expected);
});

it("a row belongs to the file of its bank and its month, and to no other", () => {
  const belongs = belongsTo(balances, { id: 1, name: "First" }, "2026-09" as Month);
  const rows = [
    ["1", "2026-09-01", "5"],
    ["1", "2026-09-30", null],
    ["11", "2026-09-01", "5"],
    ["1", "2026-10-01", "5"],
    ["1", null, "5"],
  ];
  expect(rows.map(belongs)).toEqual([true, true, false, false, false]);
});
