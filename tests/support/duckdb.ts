/** DuckDB, which reads Parquet files as an analyst's engine does: it shares no code with the writer. */
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

let opened: Promise<DuckDBConnection> | undefined;
/** Queries share a connection, and with it the names of the tables, so they run one after the other. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a query over Parquet files.
 *
 * @param files become the tables `file0`, `file1` and so on.
 * @returns the rows, each with its values in DuckDB's own types.
 */
export function queryParquet(files: readonly Buffer[], query: string): Promise<unknown[][]> {
  const result = last.then(() => run(files, query));
  last = result.catch(() => undefined);
  return result;
}

async function run(files: readonly Buffer[], query: string): Promise<unknown[][]> {
  opened ??= DuckDBInstance.create(":memory:", { threads: "1" }).then((instance) => instance.connect());
  const connection = await opened;
  const paths = files.map(() => path.join(os.tmpdir(), `${randomUUID()}.parquet`));
  try {
    await Promise.all(paths.map((file, index) => writeFile(file, files[index] ?? "")));
    for (const [index, file] of paths.entries())
      await connection.run(
        `create or replace temp view file${index} as select * from read_parquet('${file}')`,
      );
    await connection.run("set timezone = 'UTC'");
    return (await connection.runAndReadAll(query)).getRows();
  } finally {
    await Promise.all(paths.map((file) => rm(file, { force: true })));
  }
}
