/** Both sides of the measure `parquet`, each for a process of its own: a CSV file of single loans becomes a Parquet file. */
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";

import { loanDetail } from "../src/lake/datasets/loan-detail";
import { csvRecords } from "../src/platform/format/csv-reader";
import { parquetFile, type TextRow } from "../src/platform/format/parquet";

export interface Conversion {
  /** The CSV file, with a header line. */
  readonly from: string;
  readonly to: string;
}

/** As the lake does it, without the bucket. */
export async function ours({ from, to }: Conversion): Promise<void> {
  async function* rows(): AsyncGenerator<readonly TextRow[]> {
    let hasHeader = true;
    for await (const records of csvRecords(createReadStream(from))) {
      yield hasHeader ? records.slice(1) : records;
      hasHeader &&= records.length === 0;
    }
  }
  await pipeline(parquetFile(loanDetail.columns, rows()), createWriteStream(to));
}

/** By one thread, as the other side has one. */
export async function duckdb({ from, to }: Conversion): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const types = { int32: "INTEGER", date: "DATE" } as const;
  const columns = loanDetail.columns.map(
    ({ name, type }) => `'${name}': '${type === "int32" || type === "date" ? types[type] : "VARCHAR"}'`,
  );
  await connection.run(
    `copy (from read_csv('${from}', header = true, columns = {${columns.join(", ")}})) to '${to}' (format parquet, compression snappy)`,
  );
  connection.closeSync();
  instance.closeSync();
}
