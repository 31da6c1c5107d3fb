/** Loads deliveries of new loans: by the program in a process of its own, and by COPY with the same upsert. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { cp } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { build } from "esbuild";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";

import { type Delivery, parseDeliveryName } from "../src/intake/delivery";
import { loans } from "../src/intake/feeds/loans";
import { feedStatements } from "../src/intake/statements";
import { type Login, psqlEnvironment } from "./copy";
import type { LoadJob, LoadReport } from "./load-process";
import type { Sample } from "./turns";

const ROOT = path.join(__dirname, "..");
const BUSINESS_TIME = "2026-01-31T22:00:00Z";
const statements = feedStatements(loans);

/** A file of new loans, and its details as COPY takes them. */
export interface LoanFile {
  readonly delivery: Delivery;
  readonly file: string;
  readonly details: string;
  readonly rowCount: number;
}

/** Writes a file of loans of the first bank. */
export async function writeLoans(owner: Client, directory: string, rowCount: number): Promise<LoanFile> {
  const { rows } = await owner.query<{ id: number }>(
    `select idaccount as id from account
     join client on idclient = client_idclient
     join branch on idbranch = branch_idbranch and bank_idbank = 1`,
  );
  const record = (at: number) => {
    const account = rows[at % rows.length]?.id ?? 0;
    return `${1 + at}|${(at * 7919) % 100_000}|${account}|2026-01-${String(1 + (at % 28)).padStart(2, "0")}`;
  };
  const [file, details] = [path.join(directory, `${rowCount}.dat`), path.join(directory, `${rowCount}.copy`)];
  let total = 0;
  for (let at = 0; at < rowCount; at++) total += (at * 7919) % 100_000;
  const header = `H|loans|1|1|${BUSINESS_TIME}\n`;
  await write(file, header, rowCount, (at) => `D|${record(at)}\n`, `T|${rowCount}|${total}\n`);
  await write(details, "", rowCount, (at) => `${at + 2}|${record(at)}\n`, "");
  const delivery = parseDeliveryName("landing/FirstNational/loans_20260131T220000Z.dat");
  if ("problem" in delivery) throw new Error(delivery.problem);
  return { delivery, file, details, rowCount };
}

async function write(
  file: string,
  header: string,
  rowCount: number,
  line: (at: number) => string,
  trailer: string,
): Promise<void> {
  function* lines() {
    yield header;
    for (let at = 0; at < rowCount; at += 1000) {
      yield Array.from({ length: Math.min(1000, rowCount - at) }, (_, each) => line(at + each)).join("");
    }
    yield trailer;
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
}

export class Loader {
  #bundle: Promise<string> | undefined;

  constructor(private readonly directory: string) {}

  /** Loads the file by the program. @throws unless all of its rows are inserted. */
  async load(login: Login, { delivery, file, rowCount }: LoanFile): Promise<Sample> {
    const job: LoadJob = { credentials: login, delivery, file };
    const { stdout } = await promisify(execFile)(process.execPath, [
      await this.#bundled(),
      JSON.stringify(job),
    ]);
    const report = JSON.parse(stdout) as LoadReport;
    if (report.outcome !== "loaded" || report.inserted !== rowCount) {
      throw new Error(`expected ${rowCount} rows to be loaded, but got ${stdout}`);
    }
    return report;
  }

  /** The program as it is deployed: one bundle. */
  #bundled(): Promise<string> {
    this.#bundle ??= (async () => {
      const outfile = path.join(this.directory, "load", "load.cjs");
      await build({
        ...{ absWorkingDir: ROOT, entryPoints: ["bench/load-process.ts"], outfile, external: ["pg-native"] },
        ...{ bundle: true, platform: "node", target: "node20", logLevel: "error" },
      });
      // The statements are found above the bundle.
      await cp(path.join(ROOT, "sql"), path.join(this.directory, "load", "sql"), { recursive: true });
      return outfile;
    })();
    return this.#bundle;
  }
}

/** The statement with its values inserted: the benchmark's own time, and a delivery's number. */
const upsert = statements.load.text.replaceAll("$1", `'${BUSINESS_TIME}'`).replaceAll("$2", "1");

/** Copies the details without any check, and writes them by the same upsert. */
export async function copyAndUpsert(login: Login, { details }: LoanFile, hasPsql: boolean): Promise<Sample> {
  const startedAt = performance.now();
  if (hasPsql) await upsertByPsql(login, details);
  else await upsertByNode(login, details);
  return { durationMs: performance.now() - startedAt };
}

async function upsertByPsql(login: Login, details: string): Promise<void> {
  const copy = statements.copy.text.replace("copy", "\\copy").replace("from stdin", `from '${details}'`);
  const script = ["begin", statements.create.text, "", "analyze pg_temp.delivered", upsert, "commit"];
  const text = script.map((line) => (line === "" ? `${copy}\n` : `${line};\n`)).join("");
  const child = spawn("psql", ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-"], {
    env: { ...process.env, ...psqlEnvironment(login) },
    stdio: ["pipe", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.end(text);
  const [exitCode] = (await once(child, "close")) as [number | null];
  if (exitCode !== 0) throw new Error(`psql failed: ${errors}`);
}

async function upsertByNode(login: Login, details: string): Promise<void> {
  const client = new Client(login);
  await client.connect();
  try {
    await client.query("begin");
    await client.query(statements.create.text);
    await pipeline(createReadStream(details), client.query(copyFrom(statements.copy.text)));
    await client.query("analyze pg_temp.delivered");
    await client.query(upsert);
    await client.query("commit");
  } finally {
    await client.end();
  }
}
