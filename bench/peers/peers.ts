/** Other programs that compute the same figures, each set up in the most obvious way. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { loanMovingAverage } from "../../src/extract/definitions/loan-moving-average";
import { firstDayOf } from "../../src/platform/month";
import { cacheDirectory, DidNotRun, exists, installPython } from "../../tests/support/python";
import { psqlArguments, psqlEnvironment, withValues } from "../copy";
import { lastMonth } from "../databases";
import { publishedFiles } from "../handler";
import { BUCKET, readObjects } from "../s3";
import type { Sample } from "../turns";
import type { World } from "../world";

const execute = promisify(execFile);

export interface Peer {
  readonly name: string;
  /** What a reader needs to know to judge the figures. */
  readonly note: string;
  /** @throws DidNotRun if a tool is missing. */
  prepare(): Promise<void>;
  run(world: World, database: string): Promise<PeerRun>;
}

/** The duration is that of the program, from its start to its end. */
export interface PeerRun extends Sample {
  /** The duration without start-up. */
  readonly workMs: number;
  /** The CSV files that it wrote, with or without a header. */
  readonly files: () => AsyncIterable<AsyncIterable<Buffer>>;
}

/** This program. It runs first, because the others are compared with its figures. */
export function ours(branches: number): Peer {
  return {
    name: "bank-batch",
    note: "the packaged handler in a fresh process, into S3; all banks or none, reconciled, with a manifest",
    prepare: () => Promise.resolve(),
    run: async (world, database) => {
      const run = await world.handler.run(database, { month: lastMonth }, { rowCount: branches });
      return {
        durationMs: run.processDurationMs,
        workMs: run.durationMs,
        files: () => publishedFiles(run),
      };
    },
  };
}

const AWSCLI = "awscli==1.46.2";

/** The shortest program: one file of all banks. */
export function pipe(): Peer {
  const key = "loans.csv";
  let aws: string;
  return {
    name: "psql | aws s3 cp",
    note: `one file of all banks through a pipe, ${AWSCLI}; nothing is reconciled, and a query that fails leaves a file with the rows so far, which looks complete`,
    prepare: async () => {
      await needs("psql", ["--version"]);
      aws = await installPython(AWSCLI, "aws");
    },
    run: async (world, database) => {
      const endpoint = await world.s3.empty();
      const values = [firstDayOf(lastMonth), firstDayOf(lastMonth)];
      const words = psqlArguments(withValues(loanMovingAverage.statement.text, values));
      const durationMs = await timed(
        "bash",
        ["-o", "pipefail", "-c", 'psql "$@" | "$AWS" s3 cp --quiet - "$TARGET"', "bash", ...words],
        {
          ...psqlEnvironment(world.login(database)),
          ...endpoint.environment,
          AWS: aws,
          TARGET: `s3://${BUCKET}/${key}`,
        },
      );
      return { durationMs, workMs: durationMs, files: () => readObjects(endpoint, [key]) };
    },
  };
}

const PYSPARK = "pyspark==3.5.9";
const JDBC = "org.postgresql:postgresql:42.7.7";

/** Like a Glue job: reads the tables into Spark over JDBC, and runs SQL there. */
export function spark(): Peer {
  const jar = path.join(
    cacheDirectory,
    "ivy",
    "jars",
    `${JDBC.replaceAll(":", "_").replace("_postgresql_", "_postgresql-")}.jar`,
  );
  let python: string;
  return {
    name: "PySpark over JDBC",
    note: `${PYSPARK} on all cores, ${JDBC}, into a local directory, so without the upload; Spark pushes the window's dates down into its query of loans, which a DynamicFrame of Glue would not`,
    prepare: async () => {
      await needs("java", ["-version"]);
      python = path.join(path.dirname(await installPython(PYSPARK, "pyspark")), "python");
      if (!(await exists(jar))) await fetchDriver(python);
    },
    run: async (world, database) => {
      const output = path.join(world.directory, "spark");
      await rm(output, { recursive: true, force: true });
      let printed = "";
      const durationMs = await timed(
        python,
        [path.join(__dirname, "spark_job.py")],
        {
          ...psqlEnvironment(world.login(database)),
          BENCH_JDBC_JAR: jar,
          BENCH_MONTH: firstDayOf(lastMonth),
          BENCH_OUTPUT: output,
        },
        (text) => (printed += text),
      );
      const { workSeconds } = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as { workSeconds: number };
      return { durationMs, workMs: workSeconds * 1000, files: () => csvBelow(output) };
    },
  };
}

/** Lets Spark fetch the driver from Maven Central, by Ivy, into a cache, so that no timed run fetches it. */
async function fetchDriver(python: string): Promise<void> {
  process.stderr.write(`Fetching ${JDBC} into ${cacheDirectory} …\n`);
  const session = [
    "from pyspark.sql import SparkSession",
    `SparkSession.builder.config("spark.jars.packages", "${JDBC}")` +
      `.config("spark.jars.ivy", "${path.join(cacheDirectory, "ivy")}")` +
      `.config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false").getOrCreate().stop()`,
  ];
  await execute(python, ["-c", session.join("\n")]).catch((cause: unknown) => {
    throw new DidNotRun(`${JDBC} can't be fetched: ${String(cause)}`, { cause });
  });
}

async function* csvBelow(directory: string): AsyncGenerator<AsyncIterable<Buffer>> {
  const entries = await readdir(directory, { recursive: true });
  for (const entry of entries.filter((name) => name.endsWith(".csv"))) {
    yield createReadStream(path.join(directory, entry));
  }
}

async function needs(name: string, words: readonly string[]): Promise<void> {
  await execute(name, [...words]).catch((cause: unknown) => {
    throw new DidNotRun(`${name} is not on the PATH, or does not start`, { cause });
  });
}

/** Runs a program and returns its duration. @throws if it fails, with its last output on standard error. */
async function timed(
  name: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  print: (text: string) => void = () => undefined,
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(name, [...words], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", print);
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4096)));
  const [exitCode] = (await once(child, "close")) as [number | null];
  if (exitCode !== 0) throw new Error(`${name} failed: ${errors}`);
  return performance.now() - startedAt;
}
