import { open } from "node:fs/promises";
import path from "node:path";

import { build } from "esbuild";

import { queryParquet } from "../../tests/support/duckdb";
import { invokeIn } from "../../tests/support/packaged";
import { durations, type Row } from "../measure";
import type { Conversion } from "../parquet-file";
import { count, type Sizes } from "../sizes";
import { inTurns, type Sample } from "../turns";
import type { World } from "../world";

/** Small enough that memory is what the rows need, and not garbage that V8 has not collected. */
const HEAP = ["--max-old-space-size=64"];
const ROOT = path.join(__dirname, "..", "..");

/** A month of single loans as Parquet, against DuckDB's COPY of the same CSV file; and the memory of large files. */
export async function parquet(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const task = path.join(world.directory, "parquet");
  await build({
    ...{ absWorkingDir: ROOT, entryPoints: ["bench/parquet-file.ts"], outdir: task },
    ...{ bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "error" },
    external: ["@duckdb/node-api"],
    // Becomes require(), which finds packages by NODE_PATH.
    supported: { "dynamic-import": false },
  });
  const files = await Promise.all(
    sizes.rows.map(async (rowCount) => {
      const from = path.join(world.directory, `loans-${rowCount}.csv`);
      await writeLoans(from, rowCount);
      return { rowCount, from };
    }),
  );
  const side = (name: "ours" | "duckdb", rowCount: number, from: string) => async (): Promise<Sample> => {
    const to = path.join(world.directory, `${name}-${rowCount}.parquet`);
    const conversion: Conversion = { from, to };
    const environment = { NODE_PATH: path.join(ROOT, "node_modules") };
    const invocation = await invokeIn(task, `parquet-file.${name}`, conversion, environment, HEAP);
    if (invocation.error !== undefined) throw new Error(invocation.error.errorMessage);
    return { durationMs: invocation.handlerDurationMs, peakMemoryBytes: invocation.peakMemoryBytes };
  };
  const samples = await inTurns(
    sizes.runs,
    log,
    Object.fromEntries(
      files.flatMap(({ rowCount, from }) => [
        [`duckdb-${rowCount}`, side("duckdb", rowCount, from)],
        [`ours-${rowCount}`, side("ours", rowCount, from)],
      ]),
    ),
  );
  for (const { rowCount } of files) await expectSameRows(world.directory, rowCount);
  const [smallest, ...larger] = files;
  return [
    ...files.map(({ rowCount }) => ({
      measure: "parquet",
      what: `${count(rowCount)} single loans from CSV to Parquet, without the bucket`,
      against: "DuckDB's COPY of the same file, by one thread",
      ...({ unit: "ms", limit: 4 } as const),
      ours: durations(samples[`ours-${rowCount}`]),
      base: durations(samples[`duckdb-${rowCount}`]),
    })),
    ...larger.map(({ rowCount }) => ({
      measure: "parquet memory",
      what: `the peak memory of the process for ${count(rowCount)} rows`,
      against: `the same for ${count(smallest?.rowCount ?? 0)} rows`,
      ...({ unit: "bytes", limit: 1.1 } as const),
      ours: peaks(samples[`ours-${rowCount}`]),
      base: peaks(samples[`ours-${smallest?.rowCount ?? 0}`]),
    })),
  ];
}

function peaks(samples: readonly Sample[] = []): number[] {
  return samples.map(({ peakMemoryBytes }) => peakMemoryBytes ?? NaN);
}

/** Invented loans in the columns of the extract `loan_detail`. */
async function writeLoans(file: string, rowCount: number): Promise<void> {
  const handle = await open(file, "w");
  await handle.write(
    "bank_id,bank_name,branch_id,branch_address,client_id,account_id,loan_id,loan_date,amount\n",
  );
  for (let first = 0; first < rowCount; first += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, rowCount - first) }, (_, offset) => {
      const loan = first + offset;
      const branch = loan % 3000;
      const amount = loan % 50 === 0 ? "" : 1000 + ((loan * 7919) % 900_000);
      const day = String(1 + (loan % 30)).padStart(2, "0");
      return `1,First National,${branch},"${branch} High Street, Springfield",${loan % 99_991},${loan % 199_999},${loan},2026-09-${day},${amount}\n`;
    });
    await handle.write(lines.join(""));
  }
  await handle.close();
}

/** @throws if the two files differ in the values of any column. */
async function expectSameRows(directory: string, rowCount: number): Promise<void> {
  const table = (name: string) => `read_parquet('${path.join(directory, `${name}-${rowCount}.parquet`)}')`;
  const digest = "count(*), sum(hash(columns(*))::hugeint)";
  const [both] = await queryParquet(
    [],
    `select (select array_agg(x) from (select ${digest} from ${table("ours")}) x) = (select array_agg(x) from (select ${digest} from ${table("duckdb")}) x)`,
  );
  if (both?.[0] !== true) throw new Error("DuckDB's file has other rows than ours");
}
