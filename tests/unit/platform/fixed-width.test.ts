/** Fixed-width records of several types, with the figures that a file of them states of itself. */
import type { ColumnType } from "../../../src/platform/columns";
import { ControlFigures, type Figure } from "../../../src/platform/format/controls";
import { CopyWriter } from "../../../src/platform/format/copy-writer";
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
    ["M+0000100", "1.00"],
    ["M-9999999", "-99999.99"],
  ])("of a decimal has its point in the value: %j", (start, expected) => {
    expect(valueOf(start.padEnd(20), "money")).toBe(expected);
  });

  it.each(["M00012345", "M+  12345", "M+-012345", "M+123,450", "M+123/450", "M+123:450", "M+      "])(
    "of a decimal is refused: %j",
    (start) => {
      expect(valueOf(start.padEnd(20), "money")).toEqual(["expected + or - and 7 digits"]);
    },
  );

  it("of a date may leave out its century, which is this one", () => {
    const days = ["260930", "000229", "991231"].map((day) => valueOf(`D${day}`.padEnd(20), "day"));
    expect(days).toEqual(["2026-09-30", "2000-02-29", "2099-12-31"]);
    for (const day of ["260931", "2609 1", "26-9-1"]) {
      const expected = ["expected a date that exists, YYMMDD, from 2000 on"];
      expect(valueOf(`D${day}`.padEnd(20), "day")).toEqual(expected);
    }
  });
});

describe("a fixed-width record", () => {
  const format = fixedWidth({
    ...{ width: 40, codeAt: 2 },
    types: {
      short: { code: "A", fields: [field("text", 4, 4)] },
      long: {
        code: "AB",
        fields: [
          { ...field("text", 4, 5), nullable: true },
          { ...field("day", 10, 8, "date"), nullable: true },
          { ...field("at", 18, 16, "timestamp"), nullable: true },
          { ...field("count", 34, 3, "int32"), nullable: true },
          { ...field("sum", 37, 3, "decimal(3,2)"), nullable: true },
        ],
      },
      named: { code: "C".repeat(21), fields: [] },
      other: { code: "D".repeat(20), fields: [] },
    },
  });
  const { long } = format.readers;
  const RECORD = " ABa\\|b  2026093020260930T235959Z007150 ";

  function judge(text: string): [boolean, ...string[]] {
    const problems: string[] = [];
    const bytes = Buffer.from(`\n${text}\n`);
    const isRight = long.read(bytes, 1, bytes.length - 1, (reason, name) =>
      problems.push(name === undefined ? reason : `${name}: ${reason}`),
    );
    return [isRight, ...problems];
  }

  it("is known by its code, where a longer code goes before a shorter one", () => {
    const typeOf = (text: string) => {
      const bytes = Buffer.from(`A${text}B`);
      return format.typeOf(bytes, 1, bytes.length - 1);
    };
    expect([" A ", " AB", " A", "A", " a"].map(typeOf)).toEqual([
      ...["short", "long", "short", undefined, undefined],
    ]);
    expect(format.codes).toEqual(["A", "AB", `${"C".repeat(20)}…`, "D".repeat(20)]);
  });

  it("has each value as PostgreSQL writes it", () => {
    expect(judge(RECORD)).toEqual([true]);
    expect([0, 1, 2, 3, 4].map((at) => long.text(at))).toEqual([
      ...["a\\|b", "2026-09-30", "2026-09-30T23:59:59Z", "7", "1.50"],
    ]);
    expect([long.units(3), long.units(4)]).toEqual([7, 150n]);
  });

  it("is copied into PostgreSQL with its separators and backslashes escaped", () => {
    judge(RECORD);
    const writer = new CopyWriter();
    long.copyTo(writer);
    long.copyField(0, writer);
    writer.endField();
    long.copyField(4, writer);
    expect(writer.take().toString()).toBe("a\\\\\\|b|2026-09-30|2026-09-30T23:59:59Z|7|1.50\na\\\\\\|b|1.50");
  });

  it("may be blank where its fields may have no value", () => {
    expect(judge(" AB".padEnd(40))).toEqual([true]);
    expect([0, 1, 2, 3, 4].map((at) => long.text(at))).toEqual([null, null, null, null, null]);
    expect([long.units(3), long.units(4)]).toEqual([0, 0]);
  });

  it("of another width is refused as a whole, counted in characters", () => {
    expect(judge(RECORD.slice(0, -1))).toEqual([false, "has 39 characters instead of 40"]);
    expect([long.units(3), long.units(4)]).toEqual([undefined, undefined]);
    expect(judge(`${RECORD} `)).toEqual([false, "has 41 characters instead of 40"]);
    expect(judge(RECORD.replace("a", "é"))).toEqual([true]);
    expect([long.text(0), long.text(4)]).toEqual(["é\\|b", "1.50"]);
  });

  it("may have nothing where it has no field", () => {
    const blank = (at: number) => `has something at character ${at}, which must be blank`;
    expect(judge(`x${RECORD.slice(1)}`)).toEqual([false, blank(1)]);
    expect(judge(`${RECORD.slice(0, 8)}x${RECORD.slice(9)}`)).toEqual([false, blank(9)]);
    expect(judge(`${RECORD.slice(0, -1)}é`)).toEqual([false, blank(40)]);
    expect(judge(`é${RECORD.slice(1, -1)}x`)).toEqual([false, blank(1)]);
  });

  it("names each field that is wrong, and the others can be read", () => {
    const day = "day: expected a date that exists, YYYYMMDD, from 1900 on";
    const at = "at: expected an instant that exists, YYYYMMDDTHHMMSSZ";
    const wrong = RECORD.replace("20260930", "20260931").replace("T235959Z", " 235959Z");
    expect(judge(wrong)).toEqual([false, day, at]);
    expect([long.units(3), long.units(4)]).toEqual([7, 150n]);
    expect(judge(RECORD.replace("007", " 07"))).toEqual([false, "count: expected 3 digits"]);
    expect([long.units(3), long.units(4)]).toEqual([undefined, 150n]);
    expect(judge(RECORD.replace("235959Z", "236059Z"))).toEqual([false, at]);
    expect(judge(RECORD.replace("235959Z", "235959X"))).toEqual([false, at]);
    expect(judge(RECORD.replace("20260930", "1899123 "))).toEqual([false, day]);
    expect(judge(RECORD.replace("a", "\r"))).toEqual([false, "text: has a carriage return"]);
    expect(judge(RECORD.replace("a", "\0"))).toEqual([false, "text: has a NUL character"]);
    expect(judge(RECORD)).toEqual([true]);
  });

  it("must have a value in each field that needs one", () => {
    const problems: unknown[][] = [];
    const bytes = Buffer.from(" A".padEnd(40));
    expect(format.readers.short.read(bytes, 0, 40, (...problem) => problems.push(problem))).toBe(false);
    expect(problems).toEqual([["is empty", "text"]]);
  });
});
