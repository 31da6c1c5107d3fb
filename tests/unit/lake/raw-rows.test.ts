/** A tenant's own file, read to its end: its rows as they are stored, or everything that is wrong with it. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { transactions } from "../../../src/lake/datasets/transactions";
import { defineRawDataset, type RawDataset } from "../../../src/lake/raw-dataset";
import { jsonLines, rowsOfLines } from "../../../src/lake/refine/json-lines";
import { checkRawFile } from "../../../src/lake/refine/raw-check";
import { type RawProblem, refinedRows } from "../../../src/lake/refine/raw-rows";
import type { TextRow } from "../../../src/platform/format/parquet";
import { failureOf, sha256 } from "../../support/lake-in-memory";

const HEADER = "id,booked_on,amount,currency,description";

/** All types that a file may have. */
const dataset = defineRawDataset({
  name: "things",
  columns: [
    { name: "day", type: "date", meaning: "" },
    { name: "count", type: "int32", nullable: true, meaning: "" },
    { name: "number", type: "int64", nullable: true, meaning: "" },
    { name: "price", type: "decimal(9,2)", nullable: true, meaning: "" },
    { name: "units", type: "decimal(9,0)", nullable: true, meaning: "" },
    { name: "word", type: "text(4000)", nullable: true, meaning: "" },
    { name: "copy", type: "text(4000)", nullable: true, meaning: "", value: ({ word }) => word ?? "none" },
  ],
  monthColumn: "day",
  totals: [],
});
const THINGS = "day,count,number,price,units,word";

/** @param text in chunks of a few bytes. */
async function read(
  text: string | Buffer,
  of: RawDataset = dataset,
  isGzip = false,
): Promise<{ rows: TextRow[]; problems: RawProblem[]; digest: string }> {
  const hash = createHash("sha256");
  const problems: RawProblem[] = [];
  const rows: TextRow[] = [];
  const chunks = inChunks(Buffer.from(text), 7);
  for await (const batch of refinedRows(of, chunks, isGzip, (problem) => problems.push(problem), hash))
    rows.push(...batch);
  return { rows, problems, digest: hash.digest("hex") };
}

async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let at = 0; at < bytes.byteLength; at += length) yield bytes.subarray(at, at + length);
}

const thing = (column: string, field: string) =>
  [
    "2026-09-01",
    ...["count", "number", "price", "units", "word"].map((name) => (name === column ? field : "")),
  ].join();
const things = (...lines: string[]) => [THINGS, ...lines, ""].join("\n");

describe("a field", () => {
  it.each([
    ["count", "007", "7"],
    ["count", "-0", "0"],
    ["count", "-10", "-10"],
    ["count", "100", "100"],
    ["number", "-0009223372036854775", "-9223372036854775"],
    ["number", "000", "0"],
    ["price", "7", "7.00"],
    ["price", "07.5", "7.50"],
    ["price", "-07.5", "-7.50"],
    ["price", "-0.00", "0.00"],
    ["price", "-0.01", "-0.01"],
    ["price", "0.10", "0.10"],
    ["price", "100.00", "100.00"],
    ["units", "-012", "-12"],
    ["units", "-0", "0"],
    ["word", "007", "007"],
    ["word", "-0", "-0"],
  ])("of %s that is %s is stored in the one way that there is", async (column, field, stored) => {
    const { rows, problems } = await read(things(thing(column, field)));
    expect(problems).toEqual([]);
    expect(rows[0]?.[dataset.columns.findIndex(({ name }) => name === column)]).toBe(stored);
  });

  it("of a text may be empty between quotes; of a number it may not", async () => {
    expect((await read(things(thing("word", '""')))).rows).toEqual([
      ["2026-09-01", null, null, null, null, "", ""],
    ]);
    expect((await read(things(thing("word", "")))).rows).toEqual([
      ["2026-09-01", null, null, null, null, null, "none"],
    ]);
    for (const column of ["count", "number", "price"])
      expect((await read(things(thing(column, '""')))).problems).toMatchObject([
        { line: 2, column, reason: "is empty" },
      ]);
  });

  it("is checked whole, however long those before it were", async () => {
    const long = "é".repeat(3000);
    const { rows, problems } = await read(things(thing("word", long), thing("word", "b")));
    expect(problems).toEqual([]);
    expect(rows.map((row) => row[5])).toEqual([long, "b"]);
    expect((await read(things(thing("word", "🏦".repeat(4001))))).problems).toMatchObject([
      { column: "word", reason: "is longer than 4000 characters" },
    ]);
  });
});

describe("a problem", () => {
  it("has the line at which its record begins, although fields before it have several", async () => {
    const { rows, problems } = await read(
      things(thing("word", '"a\nb\n\nc"'), thing("count", "x"), thing("word", '"d\ne"'), thing("count", "y")),
    );
    expect(problems.map(({ line }) => line)).toEqual([6, 9]);
    expect(rows).toHaveLength(2);
  });

  it("quotes its record as CSV, the beginning of a long one", async () => {
    const [one, two] = (await read(things('x,,,,,"a ""b"""', `x,,,,,${"z".repeat(2000)}`))).problems;
    expect(one).toEqual({
      ...{ line: 2, column: "day", record: 'x,,,,,"a ""b"""' },
      reason: expect.stringContaining("expected a date") as string,
    });
    expect(two?.record).toBe(`x,,,,,${"z".repeat(994)}…`);
    const [exact] = (await read(things(`x,,,,,${"z".repeat(994)}`))).problems;
    expect(exact?.record).toBe(`x,,,,,${"z".repeat(994)}`);
  });

  it("with the number of fields is the only one of its record, and of no column", async () => {
    expect((await read(things("x,y"))).problems).toEqual([
      { line: 2, reason: "has 2 fields instead of 6", record: "x,y" },
    ]);
  });

  it("of every field of a record is named, and the record is left out", async () => {
    const { rows, problems } = await read(things("x,y,,,,", thing("count", "1")));
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [2, "day"],
      [2, "count"],
    ]);
    expect(rows).toHaveLength(1);
  });

  it("is a row of another month than the first that is right", async () => {
    const { rows, problems } = await read(
      things("x,,,,,", "2026-09-30,,,,,", "2026-10-01,,,,,", "2026-09-01,,,,,"),
    );
    expect(rows.map(([day]) => day)).toEqual(["2026-09-30", "2026-09-01"]);
    expect(problems.slice(1)).toEqual([
      {
        ...{ line: 4, column: "day", record: "2026-10-01,,,,," },
        reason: "is of 2026-10, the first row of 2026-09: a file has rows of one month",
      },
    ]);
  });
});

describe("a file", () => {
  it("with another header ends there", async () => {
    const wrong = await read("id;day\nx\n");
    expect(wrong).toMatchObject({
      rows: [],
      problems: [{ line: 1, reason: `the header is not that of things: ${THINGS}`, record: "id;day" }],
    });
    expect((await read(`\ufeff${THINGS}\n`)).problems).toMatchObject([
      { line: 1, reason: "the file begins with a byte order mark" },
    ]);
    // Elsewhere, the mark is a part of another name.
    expect((await read(`day\ufeff\n`)).problems).toMatchObject([
      { reason: `the header is not that of things: ${THINGS}` },
    ]);
  });

  it("without rows is wrong, and so is one with nothing", async () => {
    expect((await read("")).problems).toEqual([{ reason: "the file is empty" }]);
    expect((await read(`${THINGS}\n`)).problems).toEqual([
      { reason: "the file has no rows after its header" },
    ]);
    // A row that is wrong is a row.
    expect((await read(things("x"))).problems).toHaveLength(1);
  });

  it("that is not CSV, or not gzip, is wrong as a whole", async () => {
    expect((await read(things('a"b'))).problems).toEqual([
      { reason: "record 2: a field without quotes has a quote" },
    ]);
    expect((await read("no gzip", dataset, true)).problems).toHaveLength(1);
  });

  it("that can't be read is not a wrong one", async () => {
    const broken = new Error("broken");
    async function* chunks(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from(THINGS));
      throw broken;
    }
    expect(await failureOf(checkRawFile(dataset, chunks(), false))).toBe(broken);
  });
});

describe("a file that is right", () => {
  const text = [HEADER, "1,2026-09-30,-12.5,EUR,a", "2,2026-09-01,0.5,EUR,", "3,2026-09-02,-0,EUR,", ""].join(
    "\n",
  );

  it("has a month, a number of rows, totals and digests, the same whether it is compressed or not", async () => {
    const content = {
      ...{ month: "2026-09", rowCount: 3, contentSha256: sha256(text) },
      totals: { amountTotal: "-1200", amountAbsTotal: "1300", debitCount: "1" },
    };
    const plain = Buffer.from(text);
    expect(await checkRawFile(transactions, inChunks(plain, 7), false)).toEqual({
      ...{ ...content, sha256: sha256(text), byteCount: plain.byteLength },
    });
    const packed = gzipSync(text);
    expect(await checkRawFile(transactions, inChunks(packed, 7), true)).toEqual({
      ...{ ...content, sha256: sha256(packed), byteCount: packed.byteLength },
    });
  });

  it("has calculated values", async () => {
    expect((await read(text, transactions)).rows.map((row) => row.slice(5))).toEqual([
      ["12.50", "1"],
      ["0.50", "0"],
      ["0.00", "0"],
    ]);
  });
});

it("the first thousand problems of a file are kept, and all are counted", async () => {
  const file = (count: number) => inChunks(Buffer.from(things(...Array<string>(count).fill("x"))), 4096);
  const found = await checkRawFile(dataset, file(1002), false);
  expect(found).toMatchObject({ problemCount: 1002 });
  expect("problems" in found && found.problems.map(({ line }) => line)).toEqual(
    Array.from({ length: 1000 }, (_, index) => index + 2),
  );
});

describe("rows as JSON", () => {
  const rows: readonly TextRow[] = [
    ["2026-09-01", "-7", "9223372036854775807", "1.50", null, 'a "b"\n', null],
    ["2026-09-02", null, null, null, "12", "", "c"],
  ];
  async function* batches(...all: (readonly TextRow[])[]) {
    await Promise.resolve();
    yield* all;
  }
  const written = async (...all: (readonly TextRow[])[]) => {
    const chunks: string[] = [];
    for await (const chunk of jsonLines(dataset.columns, batches(...all))) chunks.push(chunk.toString());
    return chunks;
  };

  it("have one object in a line; only numbers that every reader keeps are JSON numbers", async () => {
    expect((await written(rows)).join("").split("\n")).toEqual([
      String.raw`{"day":"2026-09-01","count":-7,"number":"9223372036854775807","price":"1.50","units":null,"word":"a \"b\"\n","copy":null}`,
      '{"day":"2026-09-02","count":null,"number":null,"price":null,"units":"12","word":"","copy":"c"}',
      "",
    ]);
  });

  it("come in the portions of the rows, of which an empty one is none", async () => {
    expect(await written([], rows.slice(0, 1), [], rows.slice(1))).toHaveLength(2);
  });

  it("are read back as they were, and digested", async () => {
    const bytes = Buffer.from((await written(rows)).join(""));
    const hash = createHash("sha256");
    const found: TextRow[] = [];
    for await (const batch of rowsOfLines(dataset.columns, inChunks(bytes, 10), hash)) found.push(...batch);
    expect(found).toEqual(rows);
    expect(hash.digest("hex")).toBe(sha256(bytes));
  });

  it("of older lines have no value in a column that came later", async () => {
    const found: TextRow[] = [];
    const line = Buffer.from('{"day":"2026-09-01"}\n');
    for await (const batch of rowsOfLines(dataset.columns, inChunks(line, 50), createHash("sha256")))
      found.push(...batch);
    expect(found).toEqual([["2026-09-01", null, null, null, null, null, null]]);
  });
});
