/** Queries over the lake by DuckDB, on this machine: over the files that the tenants' lists name, and no others. */
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";

import type * as DuckDb from "@duckdb/node-api";
import Table from "cli-table3";

import { ConfigError, RequestError } from "../src/platform/errors";
import { monthPart, yearPart } from "../src/platform/month";
import type { Lake } from "../src/lake/lake-month";
import { type ListedFile, listedFiles } from "../src/lake/listing";
import type { Tenant } from "../src/lake/tenants";

export interface QueryResult {
  readonly rows: readonly Record<string, unknown>[];
  /** The rows as text, for a terminal. */
  readonly table: string;
  /** Of the lake, which were read. */
  readonly fileCount: number;
}

/**
 * @param tenantId undefined for all tenants.
 * @throws ConfigError if DuckDB is not installed, RequestError if there is no such tenant or DuckDB refuses the query.
 */
export async function runQuery(lake: Lake, sql: string, tenantId: string | undefined): Promise<QueryResult> {
  const duckdb = await loadDuckDb();
  const tenants = tenantsAsked(lake, tenantId);
  const directory = await mkdtemp(path.join(os.tmpdir(), "bank-batch-query-"));
  try {
    const files: ListedFile[] = [];
    for (const tenant of tenants) files.push(...(await downloadTenant(lake, tenant, directory)));
    const datasets = [...new Set(files.map(({ dataset }) => dataset))];
    return { ...(await queryFolder(duckdb, directory, datasets, sql)), fileCount: files.length };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function tenantsAsked({ settings }: Lake, tenantId: string | undefined): readonly Tenant[] {
  const tenants = settings.tenants.filter(({ id }) => tenantId === undefined || id === tenantId);
  if (tenants.length > 0) return tenants;
  const known = settings.tenants.map(({ id }) => id).join(", ");
  throw new RequestError(`there is no tenant ${tenantId ?? ""}`, { hint: `The tenants are ${known}.` });
}

/** Downloads what the tenant's lists name, into a folder for each dataset. */
async function downloadTenant(lake: Lake, tenant: Tenant, directory: string): Promise<ListedFile[]> {
  const files = await listedFiles(lake.open(lake.settings.bucketOf(tenant)));
  for (const file of files)
    await download(lake, file, path.join(directory, file.dataset, `tenant=${tenant.id}`));
  return files;
}

/** Runs a query in which each dataset is a table. */
async function queryFolder(
  duckdb: typeof DuckDb,
  directory: string,
  datasets: readonly string[],
  sql: string,
): Promise<Omit<QueryResult, "fileCount">> {
  const instance = await duckdb.DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("set timezone = 'UTC'");
    for (const name of datasets) {
      const files = path.join(directory, name, "**", "*.parquet").replaceAll("'", "''");
      await connection.run(
        `create view "${name}" as from read_parquet('${files}', hive_partitioning = true, hive_types = {'year': varchar, 'month': varchar, 'tenant': varchar}, union_by_name = true)`,
      );
    }
    const reader = await connection.runAndReadAll(sql).catch((cause: unknown) => {
      throw new RequestError(cause instanceof Error ? cause.message : String(cause), {
        hint: `The tables are ${datasets.join(", ") || "none: bring a month into the lake first"}.`,
        cause,
      });
    });
    const rows = reader.getRowObjectsJson();
    return { rows, table: tableOf(reader.columnNames(), rows) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function loadDuckDb(): Promise<typeof DuckDb> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    throw new ConfigError("DuckDB is not installed, or not for this machine", {
      hint: "Install it: npm install --no-save @duckdb/node-api",
      cause,
    });
  }
}

async function download(lake: Lake, { bucket, key, month }: ListedFile, folder: string): Promise<void> {
  const target = path.join(
    folder,
    `year=${yearPart(month)}`,
    `month=${monthPart(month)}`,
    path.basename(key),
  );
  const { objects } = lake.open(lake.settings.bucketNamed(bucket));
  const bytes = await objects.open(key, null);
  // The file of an earlier revision, which has been replaced since the list was read.
  if (bytes === undefined)
    throw new RequestError(`s3://${bucket}/${key} has just been replaced`, { hint: "Query again." });
  await mkdir(path.dirname(target), { recursive: true });
  await pipeline(bytes, createWriteStream(target));
}

function tableOf(columns: readonly string[], rows: readonly Record<string, unknown>[]): string {
  const table = new Table({ head: [...columns], style: { head: [], border: [] } });
  table.push(...rows.map((row) => columns.map((name) => textOf(row[name]))));
  return `${table.toString()}\n`;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
