/**
 * What the benchmark runs against: PostgreSQL and S3 in processes of their own, databases of the sizes asked for, and
 * the handler as it is packaged, in a fresh process each time.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { build } from "esbuild";
import type { Client } from "pg";

import { type PostgresServer, startPostgres } from "../local/postgres";
import { seed } from "../local/seed";
import { createReader } from "../local/stack";
import type { Summary } from "../src/extract/extract";
import { addMonths, firstDayOf, lastDayOf, type Month, monthOf } from "../src/platform/month";
import { invokeIn, Packaged } from "../tests/support/packaged";
import { type Copier, findCopier, type Login, withValues } from "./copy";
import type { S3Request } from "./s3-process";
import { count, type LoanSizes } from "./sizes";
import type { Sample } from "./turns";

const ROOT = path.join(__dirname, "..");
export const BUCKET = "loan-extracts";
const SECRET_ID = "bench/ods";
const MEBIBYTE = 1024 * 1024;

/** The loans of every database lie in the five years that end with the last closed month. */
const YEARS = 5;

export const lastMonth: Month = addMonths(monthOf(new Date()), -1);

export interface HandlerRun extends Sample {
  readonly importDurationMs: number;
  /** From the process's start to its end, with what Node.js itself takes. */
  readonly processDurationMs: number;
  readonly peakMemoryBytes: number;
  readonly summary: Summary;
  readonly environment: Readonly<Record<string, string>>;
}

export interface HandlerOptions {
  /** Of all files together: a run with any other number of rows measured something else. */
  readonly rowCount: number;
  readonly latencyMs?: number;
  readonly nodeFlags?: readonly string[];
  /** Where the code lies; the package unless told otherwise. */
  readonly task?: string;
}

export class World {
  readonly #databases = new Map<string, Promise<string>>();
  #unbundled: Promise<string> | undefined;

  private constructor(
    /** For files that may go with the benchmark. */
    readonly directory: string,
    readonly server: PostgresServer,
    readonly serverSettings: Readonly<Record<string, string>>,
    readonly packaged: Packaged,
    readonly copier: Copier,
    private readonly s3: ChildProcess,
    private readonly reader: { readonly username: string; readonly password: string },
    private readonly nodeFlags: readonly string[],
    private readonly tell: (line: string) => void,
    private readonly signal: AbortSignal,
    /** Ends all of it and leaves nothing behind. */
    readonly stop: () => Promise<void>,
  ) {}

  /** @param signal makes whatever runs fail. */
  static async start(
    nodeFlags: readonly string[],
    tell: (line: string) => void,
    signal: AbortSignal,
  ): Promise<World> {
    tell("starting PostgreSQL and S3, packaging the handler");
    const directory = await mkdtemp(path.join(os.tmpdir(), "bench-"));
    const undo = [() => rm(directory, { recursive: true, force: true })];
    const stop = async () => {
      for (const step of undo.splice(0).reverse()) await step();
    };
    try {
      const s3 = fork(path.join(__dirname, "s3-process.ts"), { execArgv: ["--import", "tsx"] });
      undo.push(() => stopProcess(s3));
      const settings = serverSettings();
      const server = await startPostgres(settings);
      undo.push(() => server.stop());
      const packaged = await Packaged.create();
      undo.push(() => packaged.remove());
      const admin = await server.connect("postgres");
      const reader = await createReader(admin);
      await admin.query(`grant pg_read_all_data to ${reader.username}`);
      await admin.end();
      const copier = await findCopier();
      signal.throwIfAborted();
      // Without a database nothing that runs goes on for long.
      signal.addEventListener("abort", () => void server.stop());
      const world = [directory, server, settings, packaged, copier, s3, reader] as const;
      return new World(...world, nodeFlags, tell, signal, stop);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** The loans of five years. */
  loans({ loans, accounts, branches, banks }: LoanSizes): Promise<string> {
    return this.#database(`loans_${loans}_${branches}`, `${count(loans)} loans in 5 years`, (owner) =>
      seed(owner, {
        ...{ loans, accounts, branches, banks, bankWithoutBranches: false, seed: 1 },
        from: firstDayOf(addMonths(lastMonth, 1 - 12 * YEARS)),
        to: lastDayOf(lastMonth),
      }),
    );
  }

  /** The same loans and branches, in more banks. */
  async manyBanks(sizes: LoanSizes, banks: number): Promise<string> {
    const template = await this.loans(sizes);
    const name = `${template}_${banks}_banks`;
    return this.#database(
      name,
      `the same loans in ${banks} banks`,
      async (owner) => {
        await owner.query(await sql("many_banks.sql"), [banks]);
      },
      template,
    );
  }

  /** Months of exactly so many loans each. */
  months({ accounts, branches, banks }: LoanSizes, months: ReadonlyMap<Month, number>): Promise<string> {
    const sizes = [...months.values()];
    return this.#database("months", `months of ${sizes.map(count).join(", ")} loans`, async (owner) => {
      await seed(owner, {
        ...{ loans: 0, accounts, branches, banks, bankWithoutBranches: false, seed: 1 },
        ...{ from: firstDayOf(lastMonth), to: lastDayOf(lastMonth) },
      });
      await owner.query("set session_replication_role = replica");
      let first = 0;
      for (const [month, loans] of months) {
        await owner.query(await sql("loans_of_month.sql"), [loans, accounts, firstDayOf(month), first]);
        first += loans;
      }
    });
  }

  async drop(database: string): Promise<void> {
    this.#databases.delete(database);
    const admin = await this.server.connect("postgres");
    await admin.query(`drop database ${database} with (force)`);
    await admin.end();
  }

  login(database: string): Login {
    const { host, port } = this.server;
    return { host, port, user: this.reader.username, password: this.reader.password, database };
  }

  /** Runs the handler once, in a fresh process and into an empty bucket, and makes sure that it published. */
  async handle(database: string, event: object, options: HandlerOptions): Promise<HandlerRun> {
    const environment = {
      ...(await this.emptyBucket(options.latencyMs ?? 0)),
      DB_NAME: database,
      // The Lambda's Node.js is one of which the SDK has nothing to say.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    };
    const startedAt = performance.now();
    const { result, error, log, importDurationMs, handlerDurationMs, peakMemoryBytes } = await invokeIn(
      options.task ?? this.packaged.task,
      this.packaged.handler,
      event,
      environment,
      [...this.nodeFlags, ...(options.nodeFlags ?? [])],
    );
    const processDurationMs = performance.now() - startedAt;
    if (result === undefined) throw new Error(`the handler failed: ${error?.errorMessage ?? log}`);
    const files = result.months.flatMap((month) => month.files);
    const rowCount = files.reduce((sum, file) => sum + file.rowCount, 0);
    if (result.months.some(({ status }) => status !== "published") || rowCount !== options.rowCount) {
      throw new Error(
        `expected ${options.rowCount} rows to be published, but got ${JSON.stringify(result).slice(0, 500)}`,
      );
    }
    return {
      durationMs: handlerDurationMs,
      importDurationMs,
      processDurationMs,
      peakMemoryBytes,
      summary: result,
      environment,
    };
  }

  /** Copies what a statement gives into a file. */
  async copy(
    database: string,
    statement: string,
    values: readonly string[],
  ): Promise<{ durationMs: number; file: string }> {
    const file = path.join(this.directory, "copy.csv");
    const sample = await this.copier.copy(this.login(database), withValues(statement, values), file);
    return { ...sample, file };
  }

  /** @throws if the run's files, one after the other and without their headers, are not the bytes of this one. */
  async expectSameBytes(run: HandlerRun, file: string): Promise<void> {
    const [published, copied] = [createHash("sha256"), createHash("sha256")];
    for await (const bytes of this.read(run.environment, keysOf(run)))
      await addTo(published, withoutHeader(bytes));
    await addTo(copied, createReadStream(file));
    if (published.digest("hex") !== copied.digest("hex")) {
      throw new Error("the published files are not what COPY gives for the same statement");
    }
  }

  /** The content of objects, one after the other. */
  async *read(
    environment: Readonly<Record<string, string>>,
    keys: readonly string[],
  ): AsyncGenerator<AsyncIterable<Buffer>> {
    const s3 = new S3Client({
      endpoint: environment["AWS_ENDPOINT_URL_S3"] ?? "",
      region: environment["AWS_REGION"] ?? "",
      credentials: {
        accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
        secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
      },
      forcePathStyle: true,
    });
    try {
      for (const key of keys) {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
        yield Body as unknown as AsyncIterable<Buffer>;
      }
    } finally {
      s3.destroy();
    }
  }

  /** The sources compiled file by file, with the libraries beside them: what the bundle is held against. */
  unbundled(): Promise<string> {
    this.#unbundled ??= (async () => {
      const task = path.join(this.directory, "unbundled");
      await build({
        absWorkingDir: ROOT,
        entryPoints: ["src/**/*.ts"],
        outbase: "src",
        outdir: path.join(task, "src"),
        ...{ bundle: false, format: "cjs", platform: "node", target: "node20", logLevel: "error" },
        // As tsc does it; Node's own import() would want the file's extension.
        supported: { "dynamic-import": false },
      });
      for (const name of ["sql", "package.json"]) {
        await cp(path.join(ROOT, name), path.join(task, name), { recursive: true });
      }
      await symlink(path.join(ROOT, "node_modules"), path.join(task, "node_modules"));
      return task;
    })();
    return this.#unbundled;
  }

  /** Replaces S3 by an empty one; the environment that leads to it, bucket and secret included. */
  async emptyBucket(latencyMs = 0): Promise<Record<string, string>> {
    const { host, port } = this.server;
    const secret = { engine: "postgres", ...this.reader, host, port, dbname: "postgres" };
    const answered = once(this.s3, "message", { signal: this.signal });
    this.s3.send({ bucket: BUCKET, secretId: SECRET_ID, secret, latencyMs } satisfies S3Request);
    const [environment] = (await answered) as [Record<string, string>];
    return environment;
  }

  #database(
    name: string,
    what: string,
    fill: (owner: Client) => Promise<void>,
    template = "template1",
  ): Promise<string> {
    const present = this.#databases.get(name);
    if (present !== undefined) return present;
    const made = (async () => {
      this.tell(`making ${what}`);
      const admin = await this.server.connect("postgres");
      await admin.query(`create database ${name} template ${template} strategy file_copy`);
      await admin.end();
      const owner = await this.server.connect(name);
      // The query that is under way tells it too.
      owner.on("error", () => undefined);
      await fill(owner);
      await owner.query("vacuum analyze");
      await owner.query("checkpoint");
      await owner.end();
      return name;
    })();
    this.#databases.set(name, made);
    return made;
  }
}

/** The usual quarter of the memory for PostgreSQL's own cache; the rest as it comes. Nothing happens on its own. */
function serverSettings(): Record<string, string> {
  const memory = os.totalmem() / MEBIBYTE;
  return {
    shared_buffers: `${Math.floor(Math.min(4096, memory / 4))}MB`,
    effective_cache_size: `${Math.floor(memory / 2)}MB`,
    maintenance_work_mem: `${Math.floor(Math.min(512, memory / 16))}MB`,
    autovacuum: "off",
  };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

export function sql(name: string): Promise<string> {
  return readFile(path.join(__dirname, "sql", name), "utf8");
}

/** The keys of the files that a run has published, in their order. */
export function keysOf({ summary }: HandlerRun): string[] {
  return summary.months.flatMap(({ files }) => files.map(({ key }) => key));
}

async function addTo(hash: Hash, chunks: AsyncIterable<string | Buffer>): Promise<void> {
  for await (const chunk of chunks) hash.update(chunk);
}

/** The bytes behind the first line, which has no quoted line break in it. */
async function* withoutHeader(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let inHeader = true;
  for await (const chunk of chunks) {
    const end = inHeader ? chunk.indexOf("\n") : -1;
    if (inHeader && end === -1) continue;
    inHeader = false;
    yield chunk.subarray(end + 1);
  }
}
