/** pyarrow, which shares no code with the program, reads the program's Parquet and finds every value of the CSV. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import type { Column } from "../../src/platform/columns";
import { CsvWriter } from "../../src/platform/format/csv";
import { parquetFile, type TextRow } from "../../src/platform/format/parquet";

const columns: readonly Column[] = [
  { name: "i32", type: "int32", nullable: true, meaning: "" },
  { name: "i64", type: "int64", nullable: true, meaning: "" },
  { name: "money", type: "decimal(18,2)", nullable: true, meaning: "" },
  { name: "wide", type: "decimal(38,10)", nullable: true, meaning: "" },
  { name: "day", type: "date", nullable: true, meaning: "" },
  { name: "instant", type: "timestamp", nullable: true, meaning: "" },
  { name: "words", type: "text(100)", nullable: true, meaning: "" },
  { name: "id", type: "int32", meaning: "" },
];
const TYPES = "int32 int64 decimal128(18,2) decimal128(38,10) date32[day] timestamp[us,tz=UTC] string int32";

const nines = `${"9".repeat(28)}.${"9".repeat(10)}`;
const hostile: readonly TextRow[] = [
  [
    "2147483647",
    "9223372036854775807",
    "9999999999999999.99",
    nines,
    "9999-12-31",
    "9999-12-31 23:59:59.999999+00",
    "🏦",
  ],
  [
    "-2147483648",
    "-9223372036854775808",
    "-9999999999999999.99",
    `-${nines}`,
    "0001-01-01",
    "0001-01-01 00:00:00.000000+00",
    "",
  ],
  [
    "0",
    "0",
    "0.00",
    "0.0000000001",
    "1969-12-31",
    "1969-12-31 23:59:59.999999+00",
    '"a,b"\r\n\t\u0001\u2028',
  ],
  [
    "-1",
    "-1",
    "-0.01",
    "-0.0000000001",
    "2024-02-29",
    "1970-01-01 00:00:00.000001+00",
    "NULL é e\u0301 \u{10ffff}\ufeff",
  ],
  [null, null, null, null, null, null, null],
];

/** What stands for NULL in the CSV that Python reads. */
const NULL = "\\N";

let directory: string;
beforeAll(async () => (directory = await mkdtemp(path.join(os.tmpdir(), "pyarrow-"))));
afterAll(() => rm(directory, { recursive: true }));

/** @returns what the Python program prints. */
async function compare(rows: readonly TextRow[], expected: readonly TextRow[]): Promise<string> {
  const [parquet, csv] = [path.join(directory, "rows.parquet"), path.join(directory, "rows.csv")];
  const chunks: Buffer[] = [];
  for await (const bytes of parquetFile(columns, [rows], { groupRows: 1000 })) chunks.push(bytes);
  await writeFile(parquet, Buffer.concat(chunks));
  const lines = expected.map((row) => row.map((field) => field ?? NULL));
  await writeFile(csv, new CsvWriter("\n").lines(lines));
  const program = path.join(__dirname, "parquet.py");
  const { stdout } = await promisify(execFile)(process.env["TEST_PYARROW"] ?? "", [
    program,
    parquet,
    csv,
    TYPES,
  ]);
  return stdout;
}

const rows = Array.from({ length: 5000 }, (_, index) => [
  ...(hostile[index % hostile.length] ?? []),
  String(index),
]);

it("every value of 5,000 hostile rows in several row groups is the CSV's", async () => {
  expect(await compare(rows, rows)).toBe("5000 rows are equal\n");
});

it("a value that differs is found", async () => {
  const other = rows.map((row, index) => (index === 4321 ? row.with(2, "0.01") : row));
  await expect(compare(rows, other)).rejects.toThrow("row 4322");
});
