/** Fixed-width records of several types, with the figures that a file of them states of itself. */
import type { ColumnType } from "../../../src/platform/columns";
import { ControlFigures, type Figure } from "../../../src/platform/format/controls";
import type { FixedField } from "../../../src/platform/format/fixed-fields";
import { fixedWidth } from "../../../src/platform/format/fixed-width";
import { type AchBatch, achControls, achFormat, achLines } from "../../support/ach";

const field = (
  name: string,
  at: number,
  length: number,
  type: ColumnType = `text(${length})`,
): FixedField => ({
  ...{ name, at, length, type, meaning: name },
});

const BATCHES: readonly AchBatch[] = [
  {
    ...{ company: "COMPANY", effective: "261001" },
    entries: [
      { code: 22, receiver: 11111111, cents: 150_00, remarks: ["A REMARK", "AND MORE"] },
      { code: 27, receiver: 22222222, cents: 20_05 },
    ],
  },
  { company: "COMPANY", effective: "261001", entries: [{ code: 32, receiver: 99999999, cents: 1 }] },
];
const FILE = achLines(BATCHES, "000000107");

type Type = keyof typeof achFormat.readers;

interface Read {
  readonly types: (Type | undefined)[];
  readonly problems: string[];
  readonly amounts: (string | null)[];
  readonly figures: Figure[];
}

function read(lines: readonly string[]): Read {
  const found: Read = { types: [], problems: [], amounts: [], figures: [] };
  const follow = new ControlFigures(achFormat, achControls);
  for (const [at, line] of lines.entries()) {
    const bytes = Buffer.from(`x${line}x`);
    const type = achFormat.typeOf(bytes, 1, bytes.length - 1);
    found.types.push(type);
    if (type === undefined) continue;
    const reader = achFormat.readers[type];
    const isRight = reader.read(bytes, 1, bytes.length - 1, (reason, column) =>
      found.problems.push(`${at + 1} ${column ?? ""}: ${reason}`),
    );
    follow.follow(type, isRight);
    if (isRight) found.figures.push(...follow.figures(type));
    if (type === "entry" && isRight) {
      found.amounts.push(reader.text(reader.columns.findIndex(({ name }) => name === "amount")));
    }
  }
  found.figures.push(...follow.figuresAtEnd());
  return found;
}

const differing = ({ figures }: Read) =>
  figures
    .filter(({ stated, found }) => stated !== found)
    .map(({ name, stated, found }) => [name, stated, found]);

describe("a file with several types of fixed-width records", () => {
  it("is read by its records' codes, and all its figures agree", () => {
    const found = read(FILE);
    expect(found.problems).toEqual([]);
    expect(found.types.slice(0, 12)).toEqual([
      ...["fileHeader", "batchHeader", "entry", "addendum", "addendum", "entry", "batchControl"],
      ...["batchHeader", "entry", "batchControl", "fileControl", "filler"],
    ]);
    expect(found.amounts).toEqual(["150.00", "20.05", "0.01"]);
    expect(differing(found)).toEqual([]);
    expect(found.figures.slice(-6).map(({ name, found: figure }) => [name, figure])).toEqual([
      ["number of batches", "2"],
      ["number of entries and addenda", "5"],
      ["hash", "133333332"],
      ["sum of debits", "20.05"],
      ["sum of credits", "150.01"],
      ["number of records in blocks of ten", "20"],
    ]);
  });

  it("has other figures than it states if a record is missing, and says which", () => {
    const without = FILE.filter((_, at) => at !== 5);
    expect(differing(read(without))).toEqual([
      ...[
        ["number of entries and addenda", "4", "3"],
        ["hash", "33333333", "11111111"],
        ["sum of debits", "20.05", "0.00"],
      ],
      ...[
        ["number of entries and addenda", "5", "4"],
        ["hash", "133333332", "111111110"],
        ["sum of debits", "20.05", "0.00"],
      ],
      ["number of records in blocks of ten", "20", "19"],
    ]);
  });

  it("has unknown figures if a field that counts can't be read", () => {
    const broken = FILE.map((line, at) => (at === 2 ? line.replace("0000015000", "00000150.0") : line));
    const found = read(broken);
    expect(found.problems).toEqual(["3 amount: expected 10 digits"]);
    expect(differing(found)).toEqual([
      ...[
        ["sum of debits", "20.05", undefined],
        ["sum of credits", "150.00", undefined],
      ],
      ...[
        ["sum of debits", "20.05", undefined],
        ["sum of credits", "150.01", undefined],
      ],
    ]);
  });

  it("states only the remainder of a hash that is too long for its field", () => {
    const entries = Array.from({ length: 101 }, () => ({ code: 22, receiver: 99999999, cents: 0 }) as const);
    const found = read(achLines([{ company: "COMPANY", effective: "261001", entries }], "000000107"));
    expect(found.figures.find(({ name }) => name === "hash")?.stated).toBe("99999899");
    expect(differing(found)).toEqual([]);
  });

  it("has a record of no type where the code is unknown", () => {
    expect(read(["4".repeat(94)]).types).toEqual([undefined]);
  });
});

it("a figure is refused that adds up other decimals than it states, or a column that isn't there", () => {
  const figure = (column: string) => () =>
    new ControlFigures(achFormat, [
      { name: "sum", over: { entry: column }, statedBy: { type: "fileControl", column: "records" } },
    ]);
  expect(figure("amount")).toThrow("the sum is stated with other decimals than it has");
  expect(figure("total")).toThrow("a control figure needs the column total");
  expect(figure("receiver")).not.toThrow();
});

describe("a fixed-width field", () => {
  const format = fixedWidth({
    ...{ width: 20, codeAt: 1 },
    types: {
      text: { code: "T", fields: [{ ...field("name", 2, 8), nullable: true }, field("after", 10, 11)] },
      money: { code: "M", fields: [{ ...field("amount", 2, 8, "decimal(9,2)"), signed: true }] },
      day: { code: "D", fields: [field("day", 2, 6, "date")] },
    },
  });
  const valueOf = (line: string, type: "text" | "money" | "day") => {
    const bytes = Buffer.from(line);
    const problems: string[] = [];
    const reader = format.readers[type];
    const isRight = reader.read(bytes, 0, bytes.length, (reason) => problems.push(reason));
    return isRight ? reader.text(0) : problems;
  };

  it.each([
    ["Tabc     ", "abc"],
    ["T abc    ", " abc"],
    ["T        ", null],
    ["T日本語     ", "日本語"],
    ["Té😀      ", "é😀"],
  ])("of text counts characters, not bytes: %j", (start, expected) => {
    expect(valueOf(`${start}after      `, "text")).toBe(expected);
  });

  it.each([
    ["M+0012345", "123.45"],
    ["M-0000005", "-0.05"],
    ["M+0000000", "0.00"],
  ])("of a decimal has its point in the value: %j", (start, expected) => {
    expect(valueOf(start.padEnd(20), "money")).toBe(expected);
  });

  it.each(["M00012345", "M+  12345", "M+-012345", "M+123,450"])("of a decimal is refused: %j", (start) => {
    expect(valueOf(start.padEnd(20), "money")).toEqual(["expected + or - and 7 digits"]);
  });

  it("of a date may leave out its century, which is this one", () => {
    const days = ["260930", "000229", "991231"].map((day) => valueOf(`D${day}`.padEnd(20), "day"));
    expect(days).toEqual(["2026-09-30", "2000-02-29", "2099-12-31"]);
    for (const day of ["260931", "2609 1", "26-9-1"]) {
      const expected = ["expected a date that exists, YYMMDD, from 2000 on"];
      expect(valueOf(`D${day}`.padEnd(20), "day")).toEqual(expected);
    }
  });
});
