/** Parquet files, read back by DuckDB: every value is exact, and what doesn't fit is refused. */
import fc from "fast-check";
import { type FileMetaData, parquetMetadata } from "hyparquet";

import { dependencies } from "../../../package.json";
import type { Column, ColumnType } from "../../../src/platform/columns";
import { DataError, DefinitionError } from "../../../src/platform/errors";
import { parquetFile, type ParquetOptions, type TextRow } from "../../../src/platform/format/parquet";
import { parquetRows } from "../../../src/platform/format/parquet-reader";
import { queryParquet } from "../../support/duckdb";

function column(type: ColumnType, name = "value", nullable?: true): Column {
  return { name, type, meaning: "a value", ...(nullable && { nullable }) };
}

async function fileOf(
  columns: readonly Column[],
  batches: readonly (readonly TextRow[])[],
  options?: ParquetOptions,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of parquetFile(columns, batches, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The file, with its rows read and written again. */
async function copyOf(columns: readonly Column[], file: Buffer, options?: ParquetOptions): Promise<Buffer> {
  const slice = (first: number, end: number) => Promise.resolve(file.subarray(first, end));
  const chunks: Buffer[] = [];
  const rows = parquetRows({ byteLength: file.byteLength, slice }, columns);
  for await (const chunk of parquetFile(columns, rows, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Each value as text: a timestamp in microseconds, a text in hexadecimal UTF-8. */
async function readBack(columns: readonly Column[], file: Buffer): Promise<unknown[][]> {
  const shown = columns.map(({ name, type }) => {
    if (type === "timestamp") return `epoch_us("${name}")::varchar`;
    return type.startsWith("text") ? `hex(encode("${name}"))` : `"${name}"::varchar`;
  });
  return queryParquet([file], `select ${shown.join(", ")} from file0`);
}

function shown({ type }: Column, text: string | null): string | null {
  if (text === null) return null;
  if (type === "timestamp") {
    const [, seconds = "", fraction = ""] = /^(.{19})\.(\d{6})\+00$/.exec(text) ?? [];
    return String(BigInt(Date.parse(`${seconds.replace(" ", "T")}Z`)) * 1000n + BigInt(fraction));
  }
  return type.startsWith("text") ? Buffer.from(text).toString("hex").toUpperCase() : text;
}

function digits(count: number): string {
  return "9".repeat(count);
}

/** The extremes of each type, and the type that DuckDB finds in the file. */
const extremes: readonly (readonly [ColumnType, string, readonly string[]])[] = [
  ["int32", "INTEGER", ["0", "1", "-1", "2147483647", "-2147483648"]],
  ["int64", "BIGINT", ["0", "-1", "9223372036854775807", "-9223372036854775808", "9007199254740993"]],
  ["decimal(1,0)", "DECIMAL(1,0)", ["0", "9", "-9"]],
  ["decimal(18,2)", "DECIMAL(18,2)", ["0.00", "0.01", "-0.01", `${digits(16)}.99`, `-${digits(16)}.99`]],
  ["decimal(18,17)", "DECIMAL(18,17)", [`9.${digits(17)}`, `-9.${digits(17)}`]],
  ["decimal(19,0)", "DECIMAL(19,0)", [digits(19), `-${digits(19)}`, "0", "-1"]],
  ["decimal(38,0)", "DECIMAL(38,0)", [digits(38), `-${digits(38)}`, "170141183460469231731687303715884105"]],
  ["decimal(38,37)", "DECIMAL(38,37)", [`9.${digits(37)}`, `-9.${digits(37)}`, `0.${"0".repeat(36)}1`]],
  ["date", "DATE", ["0001-01-01", "1969-12-31", "1970-01-01", "2000-02-29", "2024-02-29", "9999-12-31"]],
  [
    "timestamp",
    "TIMESTAMP WITH TIME ZONE",
    ["0001-01-01 00:00:00.000000+00", "1969-12-31 23:59:59.999999+00", "9999-12-31 23:59:59.999999+00"],
  ],
  [
    "text(20)",
    "VARCHAR",
    [
      "",
      " ",
      "\0",
      "a\0b",
      "\uFEFF",
      "\r\n\t",
      "'\"\\|,;",
      "Ünïcødé",
      "日本語",
      "👩‍👩‍👧",
      "𐀀\u{10FFFF}",
      "💶".repeat(20),
    ],
  ],
];

describe.each(extremes)("a column of the type %s", (type, duckdbType, texts) => {
  const columns = [column(type, "required"), column(type, "optional", true)];

  it("is read back exactly, in its own type, with its extremes and without values", async () => {
    const rows = [
      ...texts.flatMap((text) => [
        [text, text],
        [text, null],
      ]),
    ];
    const file = await fileOf(columns, [rows]);
    expect(await readBack(columns, file)).toEqual(
      rows.map((row) => row.map((text, index) => shown(columns[index] ?? column(type), text ?? null))),
    );
    const [types] = await queryParquet(
      [file],
      "select typeof(required), typeof(optional) from file0 limit 1",
    );
    expect(types).toEqual([duckdbType, duckdbType]);
    expect(file.equals(await copyOf(columns, file))).toBe(true);
  });

  it("may have no value at all", async () => {
    const file = await fileOf(columns.slice(1), [[[null], [null]]]);
    expect(await queryParquet([file], "select * from file0")).toEqual([[null], [null]]);
  });

  it("is in the file without any rows", async () => {
    const file = await fileOf(columns, []);
    const described = await queryParquet([file], "select column_name, column_type from (describe file0)");
    expect(described).toEqual([
      ["required", duckdbType],
      ["optional", duckdbType],
    ]);
    expect(await queryParquet([file], "select count(*) from file0")).toEqual([[0n]]);
  });
});

describe("any rows", () => {
  const wholeNumber = (bits: number) =>
    fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }).map(String);
  const decimal = (precision: number, scale: number) =>
    fc.bigInt({ min: 1n - 10n ** BigInt(precision), max: 10n ** BigInt(precision) - 1n }).map((units) => {
      const all = String(units < 0n ? -units : units).padStart(scale + 1, "0");
      return `${units < 0n ? "-" : ""}${all.slice(0, -scale)}.${all.slice(-scale)}`;
    });
  const instant = fc.date({
    min: new Date("0001-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59Z"),
    noInvalidDate: true,
  });
  const word = fc.string({ unit: "binary", maxLength: 30 });
  const valuesOf: readonly (readonly [Column, fc.Arbitrary<string>])[] = [
    [column("int32", "a"), wholeNumber(32)],
    [column("int64", "b"), wholeNumber(64)],
    [column("decimal(18,2)", "c"), decimal(18, 2)],
    [column("decimal(38,9)", "d"), decimal(38, 9)],
    [column("date", "e"), instant.map((date) => date.toISOString().slice(0, 10))],
    [
      column("timestamp", "f"),
      fc
        .tuple(instant, fc.nat({ max: 999 }))
        .map(
          ([date, micros]) =>
            `${date.toISOString().replace("T", " ").slice(0, -1)}${String(micros).padStart(3, "0")}+00`,
        ),
    ],
    [column("text(30)", "g"), word],
    // Few distinct values, so that the writer makes a dictionary.
    [column("text(30)", "h"), fc.constantFrom("", "EUR", "USD", "円")],
  ];
  const table = fc
    .array(fc.boolean(), { minLength: valuesOf.length, maxLength: valuesOf.length })
    .chain((nullable) => {
      const columns = valuesOf.map(([each], index) =>
        nullable[index] ? { ...each, nullable: true as const } : each,
      );
      const row = fc.tuple(
        ...valuesOf.map(([, values], index) => (nullable[index] ? fc.option(values, { nil: null }) : values)),
      );
      return fc.record({
        columns: fc.constant(columns),
        rows: fc.array(row, { maxLength: 60, size: "max" }),
        groupRows: fc.integer({ min: 1, max: 40 }),
        groupCharacters: fc.integer({ min: 1, max: 2000 }),
      });
    });

  it("are read back value by value, in order, whatever the row groups", async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows, groupRows, groupCharacters }) => {
        const file = await fileOf(columns, [rows], { groupRows, groupCharacters });
        const expected = rows.map((row) => columns.map((each, index) => shown(each, row[index] ?? null)));
        expect(await readBack(columns, file)).toEqual(expected);
        const copy = await copyOf(columns, file, { groupRows, groupCharacters });
        expect(await readBack(columns, copy)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("make the same bytes, however they arrive", async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.nat(), async ({ columns, rows, groupRows, groupCharacters }, at) => {
        const options = { groupRows, groupCharacters };
        const cut = at % (rows.length + 1);
        const together = await fileOf(columns, [rows], options);
        const apart = await fileOf(columns, [rows.slice(0, cut), [], rows.slice(cut)], options);
        expect(apart.equals(together)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

it("a row group has the rows that were asked for, and no more characters than needed", async () => {
  const rows = Array.from({ length: 10 }, (_, index) => ["x".repeat(index === 2 ? 50 : 1)]);
  const file = await fileOf([column("text(50)")], [rows], { groupRows: 4, groupCharacters: 50 });
  expect(footerOf(file).row_groups.map(({ num_rows }) => num_rows)).toEqual([3n, 4n, 3n]);
});

function footerOf(file: Buffer): FileMetaData {
  return parquetMetadata(Uint8Array.from(file).buffer);
}

it("a timestamp has as many digits behind the point as it was written with", async () => {
  const texts = ["22:00:00+00", "22:00:00.5+00", "22:00:00.25Z", "22:00:00.000001+00:00"];
  const file = await fileOf([column("timestamp", "t")], [texts.map((text) => [`2026-09-30 ${text}`])]);
  const start = BigInt(Date.parse("2026-09-30T22:00:00Z")) * 1000n;
  expect(await readBack([column("timestamp", "t")], file)).toEqual(
    [0n, 500_000n, 250_000n, 1n].map((more) => [String(start + more)]),
  );
});

it("names its writer by the version that is installed, and keeps the metadata", async () => {
  const file = await fileOf([column("int32")], [[["1"]]], { metadata: { dataset: "loans", sha256: "abc" } });
  const { created_by, key_value_metadata } = footerOf(file);
  expect(created_by).toBe(`hyparquet-writer version ${dependencies["hyparquet-writer"]}`);
  expect(key_value_metadata).toEqual([
    { key: "dataset", value: "loans" },
    { key: "sha256", value: "abc" },
  ]);
});

describe("a field that does not fit its column", () => {
  const unfit: readonly (readonly [ColumnType, readonly string[]])[] = [
    [
      "int32",
      [
        "",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "+1",
        "-",
        "--1",
        "0x1",
        "00000000001",
        "2147483648",
        "-2147483649",
        "NaN",
        "1\n",
      ],
    ],
    ["int64", ["", "9223372036854775808", "-9223372036854775809", "1.5", "1_000", "12345678901234567890123"]],
    [
      "decimal(5,2)",
      ["", "1000", "-1000.00", "999.999", "1.", ".5", "1e2", "NaN", "Infinity", "1,5", "1.5\n"],
    ],
    ["decimal(38,0)", [digits(39), "0.1"]],
    [
      "date",
      [
        "",
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-01-32",
        "2026-1-1",
        "infinity",
        "0000-01-01",
        "10000-01-01",
        "0044-03-15 BC",
        "2026-09-30T00:00:00Z",
      ],
    ],
    [
      "timestamp",
      [
        "",
        "2026-09-30",
        "2026-09-30 22:00:00",
        "2026-09-30 22:00:00+02",
        "2026-09-30 24:00:00+00",
        "2026-09-30 22:60:00+00",
        "2026-02-30 22:00:00+00",
        "2026-09-30 22:00:00.1234567+00",
        "infinity",
      ],
    ],
    ["text(3)", ["abcd", "💶💶💶💶", "\uD83D", "a\uDCB6"]],
  ];

  it.each(unfit.flatMap(([type, texts]) => texts.map((text) => [type, text] as const)))(
    "of the type %s is refused: %j",
    async (type, text) => {
      const columns = [column("int32", "id"), column(type)];
      const refused = fileOf(columns, [[["1", text]]]);
      await expect(refused).rejects.toThrow(DataError);
      await expect(refused).rejects.toThrow(/^row 1 does not fit its columns: value (has|is not)/);
    },
  );

  it("is named by its row and column, and not by its value, which may be personal", async () => {
    const columns = [column("int32", "id"), column("text(5)", "surname")];
    const rows = [
      ["1", "Short"],
      ["2", "Confidential"],
    ];
    await expect(fileOf(columns, [rows.slice(0, 1), rows.slice(1)])).rejects.toThrow(
      /^row 2 does not fit its columns: surname has more than 5 characters$/,
    );
  });

  it("is refused where a column must have a value", async () => {
    await expect(fileOf([column("int32")], [[[null]]])).rejects.toThrow(
      "row 1 does not fit its columns: value has no value",
    );
  });

  it.each([[[]], [["1", "2"]]])("is refused with its row: %j", async (row) => {
    await expect(fileOf([column("int32")], [[row]])).rejects.toThrow(DataError);
  });
});

it.each(["decimal(39,0)", "decimal(2,3)", "float", "text(0)", "text", "decimal(5)"] as ColumnType[])(
  "a column of the type %s is refused",
  async (type) => {
    await expect(fileOf([column(type)], [])).rejects.toThrow(DefinitionError);
  },
);

it("a number with more digits than Parquet can have is refused with how many it may have", async () => {
  await expect(fileOf([column("decimal(39,0)")], [])).rejects.toMatchObject({
    message: "the column value has the type decimal(39,0), which Parquet can't store",
    hint: "Use at most 38 digits.",
  });
});
