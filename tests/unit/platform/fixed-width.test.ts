/**
 * Fixed-width records, shown by a public format of banks: a file of payments with records of 94 characters, of several
 * types, in batches with counts, sums by kind and a hash of their own, and the same for the whole file. Source of the
 * layout: the ACH file format of Nacha. Names and numbers are placeholders.
 */
import { type Control, ControlFigures, type Figure } from "../../../src/platform/format/controls";
import type { FixedField } from "../../../src/platform/format/fixed-fields";
import { fixedWidth } from "../../../src/platform/format/fixed-width";
import type { ColumnType } from "../../../src/platform/columns";

const field = (
  name: string,
  at: number,
  length: number,
  type: ColumnType = `text(${length})`,
): FixedField => ({
  ...{ name, at, length, type, meaning: name },
});
const blankable = (name: string, at: number, length: number): FixedField => ({
  ...field(name, at, length),
  nullable: true,
});

const totals = (at: number) => [
  field("hash", at, 10, "int64"),
  field("debits", at + 10, 12, "decimal(12,2)"),
  field("credits", at + 22, 12, "decimal(12,2)"),
];

const payments = fixedWidth({
  width: 94,
  codeAt: 1,
  types: {
    /** Fills the last block of ten records. */
    filler: { code: "9".repeat(94), fields: [] },
    fileHeader: {
      code: "1",
      fields: [
        field("priority", 2, 2, "int32"),
        field("destination", 4, 10),
        field("origin", 14, 10),
        field("created", 24, 10, "int64"),
        field("modifier", 34, 1),
        field("sizes", 35, 6, "int32"),
        ...[
          blankable("destinationName", 41, 23),
          blankable("originName", 64, 23),
          blankable("reference", 87, 8),
        ],
      ],
    },
    batchHeader: {
      code: "5",
      fields: [
        field("serviceClass", 2, 3, "int32"),
        ...[field("company", 5, 16), blankable("discretionary", 21, 20), field("companyId", 41, 10)],
        ...[field("entryClass", 51, 3), field("description", 54, 10), blankable("descriptive", 64, 6)],
        ...[field("effective", 70, 6, "int32"), blankable("settlement", 76, 3), field("status", 79, 1)],
        ...[field("institution", 80, 8, "int32"), field("batch", 88, 7, "int32")],
      ],
    },
    entry: {
      code: "6",
      fields: [
        ...[field("transaction", 2, 2), field("institution", 4, 8, "int32"), field("checkDigit", 12, 1)],
        ...[field("account", 13, 17), field("amount", 30, 10, "decimal(10,2)"), blankable("id", 40, 15)],
        ...[field("name", 55, 22), blankable("discretionary", 77, 2), field("hasAddenda", 79, 1, "int32")],
        field("trace", 80, 15, "int64"),
      ],
    },
    addenda: {
      code: "7",
      fields: [
        ...[field("kind", 2, 2), blankable("information", 4, 80)],
        ...[field("sequence", 84, 4, "int32"), field("entrySequence", 88, 7, "int32")],
      ],
    },
    batchControl: {
      code: "8",
      fields: [
        ...[field("serviceClass", 2, 3, "int32"), field("records", 5, 6, "int32"), ...totals(11)],
        ...[field("companyId", 45, 10), blankable("authentication", 55, 19)],
        ...[field("institution", 80, 8, "int32"), field("batch", 88, 7, "int32")],
      ],
    },
    fileControl: {
      code: "9",
      fields: [
        ...[
          field("batches", 2, 6, "int32"),
          field("blocks", 8, 6, "int32"),
          field("records", 14, 8, "int32"),
        ],
        ...totals(22),
      ],
    },
  },
});

type Type = keyof typeof payments.readers;

const debits = { column: "transaction", isOneOf: ["27", "37"] };
const credits = { column: "transaction", isOneOf: ["22", "32"] };

function controlsIn(type: "batchControl" | "fileControl", startsWith?: Type): Control<Type>[] {
  const part = startsWith === undefined ? {} : { startsWith };
  const stated = (column: string) => ({ statedBy: { type, column }, ...part });
  return [
    { name: "records", over: { entry: null, addenda: null }, ...stated("records") },
    { name: "hash", over: { entry: "institution" }, modulo: 10n ** 10n, ...stated("hash") },
    { name: "debits", over: { entry: "amount" }, where: debits, ...stated("debits") },
    { name: "credits", over: { entry: "amount" }, where: credits, ...stated("credits") },
  ];
}

const controls: readonly Control<Type>[] = [
  ...controlsIn("batchControl", "batchHeader"),
  ...controlsIn("fileControl"),
  { name: "batches", over: { batchHeader: null }, statedBy: { type: "fileControl", column: "batches" } },
];

const zeros = (value: number, length: number) => String(value).padStart(length, "0");
const HEADER = `101 ${"000000001".padEnd(9)}${"0000000002".padEnd(10)}2609302200A094101${"BANK".padEnd(23)}${"COMPANY".padEnd(23)}${" ".repeat(8)}`;
const batchHeader = (batch: number) =>
  `5200${"COMPANY".padEnd(16)}${" ".repeat(20)}0000000003PPD${"SALARY".padEnd(10)}${" ".repeat(6)}261001   1${zeros(2, 8)}${zeros(batch, 7)}`;
const entry = (transaction: number, institution: number, cents: number, sequence: number) =>
  `6${transaction}${zeros(institution, 8)}0${"ACCOUNT".padEnd(17)}${zeros(cents, 10)}${"ID".padEnd(15)}${"PERSON".padEnd(22)}  0${zeros(sequence, 15)}`;
const addenda = (sequence: number) => `705${"A REMARK".padEnd(80)}${zeros(1, 4)}${zeros(sequence, 7)}`;
const batchControl = (batch: number, records: number, hash: number, debit: number, credit: number) =>
  `8200${zeros(records, 6)}${zeros(hash, 10)}${zeros(debit, 12)}${zeros(credit, 12)}0000000003${" ".repeat(25)}${zeros(2, 8)}${zeros(batch, 7)}`;
const fileControl = (batches: number, records: number, hash: number, debit: number, credit: number) =>
  `9${zeros(batches, 6)}${zeros(1, 6)}${zeros(records, 8)}${zeros(hash, 10)}${zeros(debit, 12)}${zeros(credit, 12)}${" ".repeat(39)}`;

const FILE = [
  HEADER,
  batchHeader(1),
  entry(22, 11111111, 150_00, 1),
  addenda(1),
  entry(27, 22222222, 20_05, 2),
  batchControl(1, 3, 33333333, 20_05, 150_00),
  batchHeader(2),
  entry(32, 99999999, 1, 3),
  batchControl(2, 1, 99999999, 0, 1),
  fileControl(2, 4, 133333332, 20_05, 150_01),
  "9".repeat(94),
];

interface Read {
  readonly types: (Type | undefined)[];
  readonly problems: string[];
  readonly amounts: (string | null)[];
  readonly figures: Figure[];
}

function read(lines: readonly string[]): Read {
  const found: Read = { types: [], problems: [], amounts: [], figures: [] };
  const follow = new ControlFigures(payments, controls);
  for (const [at, line] of lines.entries()) {
    const bytes = Buffer.from(`x${line}x`);
    const type = payments.typeOf(bytes, 1, bytes.length - 1);
    found.types.push(type);
    if (type === undefined) continue;
    const reader = payments.readers[type];
    const isRight = reader.read(bytes, 1, bytes.length - 1, (reason, column) =>
      found.problems.push(`${at + 1} ${column ?? ""}: ${reason}`),
    );
    follow.follow(type, isRight);
    found.figures.push(...follow.figures(type));
    if (type === "entry" && isRight) {
      found.amounts.push(reader.text(reader.columns.findIndex(({ name }) => name === "amount")));
    }
  }
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
    expect(found.types).toEqual([
      ...["fileHeader", "batchHeader", "entry", "addenda", "entry", "batchControl"],
      ...["batchHeader", "entry", "batchControl", "fileControl", "filler"],
    ]);
    expect(found.amounts).toEqual(["150.00", "20.05", "0.01"]);
    expect(found.figures.map(({ name, found: figure }) => [name, figure])).toEqual([
      ...[
        ["records", 3n],
        ["hash", 33333333n],
        ["debits", 2005n],
        ["credits", 15000n],
      ],
      ...[
        ["records", 1n],
        ["hash", 99999999n],
        ["debits", 0n],
        ["credits", 1n],
      ],
      ...[
        ["records", 4n],
        ["hash", 133333332n],
        ["debits", 2005n],
        ["credits", 15001n],
        ["batches", 2n],
      ],
    ]);
    expect(differing(found)).toEqual([]);
  });

  it("has other figures than it states if a record is missing, and says which", () => {
    const without = FILE.filter((_, at) => at !== 4);
    expect(differing(read(without))).toEqual([
      ...[
        ["records", 3n, 2n],
        ["hash", 33333333n, 11111111n],
        ["debits", 2005n, 0n],
      ],
      ...[
        ["records", 4n, 3n],
        ["hash", 133333332n, 111111110n],
        ["debits", 2005n, 0n],
      ],
    ]);
  });

  it("has unknown figures if a field that counts can't be read", () => {
    const broken = FILE.map((line, at) => (at === 2 ? line.replace("0000015000", "00000150.0") : line));
    const found = read(broken);
    expect(found.problems).toEqual(["3 amount: expected 10 digits"]);
    expect(differing(found)).toEqual([
      ...[
        ["debits", 2005n, undefined],
        ["credits", 15000n, undefined],
      ],
      ...[
        ["debits", 2005n, undefined],
        ["credits", 15001n, undefined],
      ],
    ]);
  });

  it("states only the remainder of a hash that is too long for its field", () => {
    const many = Array.from({ length: 101 }, (_, at) => entry(22, 99999999, 0, at));
    const hash = (101 * 99999999) % 10 ** 10;
    const found = read([batchHeader(1), ...many, batchControl(1, 101, hash, 0, 0)]);
    expect(differing(found)).toEqual([]);
  });

  it("has a record of no type where the code is unknown", () => {
    expect(read(["4".repeat(94)]).types).toEqual([undefined]);
  });
});

describe("a fixed-width field", () => {
  const format = fixedWidth({
    ...{ width: 20, codeAt: 1 },
    types: {
      text: { code: "T", fields: [{ ...field("name", 2, 8), nullable: true }, field("after", 10, 11)] },
      money: { code: "M", fields: [{ ...field("amount", 2, 8, "decimal(9,2)"), signed: true }] },
    },
  });
  const valueOf = (line: string, type: "text" | "money") => {
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
});
