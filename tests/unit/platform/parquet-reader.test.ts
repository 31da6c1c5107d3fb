/** Parquet files are read back exactly, and what is not the file that was written is noticed. */
import type { Column } from "../../../src/platform/columns";
import { parquetFile } from "../../../src/platform/format/parquet";
import { ParquetProblem, type ReadValue, readParquet } from "../../../src/platform/format/parquet-reader";

const columns: readonly Column[] = [
  { name: "a", type: "int64", meaning: "a number" },
  { name: "b", type: "decimal(18,2)", nullable: true, meaning: "an amount" },
  { name: "c", type: "decimal(38,3)", nullable: true, meaning: "a large amount" },
  { name: "d", type: "date", meaning: "a day" },
  { name: "e", type: "text(9)", nullable: true, meaning: "a word" },
];
const rows = [
  ["9007199254740993", "-0.01", `-${"9".repeat(35)}.999`, "1970-01-02", ""],
  ["-1", null, null, "1969-12-31", null],
  ["0", "9999999999999999.99", "0.001", "2000-01-01", "𝕊\0"],
];

async function made(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of parquetFile(columns, [rows], { groupRows: 2 })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function read(file: Buffer, as = columns): Promise<ReadValue[][]> {
  const values: ReadValue[][] = as.map(() => []);
  const slice = (first: number, end: number) => Promise.resolve(file.subarray(first, end));
  await readParquet({ byteLength: file.byteLength, slice }, as, (column, found) =>
    values[column]?.push(...found),
  );
  return values;
}

it("every value is read as it is stored, over several row groups", async () => {
  expect(await read(await made())).toEqual([
    [9007199254740993n, -1n, 0n],
    [-1n, null, 999999999999999999n],
    [-BigInt("9".repeat(38)), null, 1n],
    [1, -1, 10957],
    ["", null, "𝕊\0"],
  ]);
});

it("a file that is cut off or overwritten is a problem", async () => {
  const file = await made();
  await expect(read(file.subarray(0, -1))).rejects.toThrow(ParquetProblem);
  await expect(read(file.subarray(1))).rejects.toThrow(ParquetProblem);
  await expect(read(Buffer.from("by hand"))).rejects.toThrow(ParquetProblem);
});

it.each<[string, readonly Column[]]>([
  ["another type", columns.map((column) => (column.name === "a" ? { ...column, type: "int32" } : column))],
  [
    "another scale",
    columns.map((column) => (column.name === "b" ? { ...column, type: "decimal(18,3)" } : column)),
  ],
  ["another name", columns.map((column) => (column.name === "e" ? { ...column, name: "f" } : column))],
  ["one column less", columns.slice(1)],
])("a file with columns of %s is a problem", async (_, others) => {
  await expect(read(await made(), others)).rejects.toThrow(/its columns are/);
});

it("an error of reading is not a problem of the file", async () => {
  const failure = new Error("no connection");
  const file = { byteLength: 1000, slice: () => Promise.reject(failure) };
  await expect(readParquet(file, columns, () => undefined)).rejects.toBe(failure);
});
