/** Runs the Glue job for the tests, in a Spark session in a process of its own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import type { Summary } from "../../src/extract/extract";
import { NOW, type World } from "../support/world";
import type { Spark } from "./spark";
import { ROOT } from "../support/root";

const SCRIPT = path.join(ROOT, "infra-terraform", "glue", "loan_moving_average.py");

/** The files that the job shares with the Lambda. Glue puts them next to the script (`--extra-files`). */
const SHARED_FILES = [
  "sql/extract/banks.sql",
  "sql/extract/loan_bank_controls.sql",
  "sql/extract/branch_controls.sql",
  "sql/extract/loan_controls.sql",
  "sql/extract/source.sql",
  "package.json",
];

interface Answer {
  readonly ready?: string;
  readonly log?: string;
  readonly summary?: Summary;
  readonly error?: { readonly name: string; readonly message: string };
}

/** An error of the job, with its name in Python. */
class JobError extends Error {
  constructor(
    override readonly name: string,
    message: string,
  ) {
    super(message);
  }
}

export class GlueJob {
  readonly #answers: AsyncIterator<Answer>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
    answers: AsyncIterator<Answer>,
    private readonly log: () => string,
  ) {
    this.#answers = answers;
  }

  static async start(): Promise<GlueJob> {
    const { bin, environment } = spark();
    const directory = await gatherFiles();
    const child = spawn(path.join(bin, "python"), [path.join(__dirname, "session.py"), SCRIPT], {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (log = (log + chunk).slice(-10_000)));
    const job = new GlueJob(child, directory, answersOf(child), () => log);
    await job.#next();
    return job;
  }

  /** Runs the job with these arguments and those of its definition, without TLS. */
  async run(
    world: World,
    parameters: readonly string[],
    { now = NOW }: { readonly now?: Date } = {},
  ): Promise<Summary> {
    const { endpoint, region, credentials } = world.aws;
    const call = {
      arguments: [...definedArguments(world), ...parameters],
      now: now.toISOString(),
      database: connectionOf(world.secret),
      files: this.directory,
      s3: {
        endpoint_url: endpoint,
        region_name: region,
        aws_access_key_id: credentials.accessKeyId,
        aws_secret_access_key: credentials.secretAccessKey,
      },
    };
    this.child.stdin?.write(`${JSON.stringify(call)}\n`);
    for (;;) {
      const { summary, error } = await this.#next();
      if (summary !== undefined) return summary;
      if (error !== undefined) throw new JobError(error.name, error.message);
    }
  }

  async close(): Promise<void> {
    const exited = once(this.child, "exit");
    this.child.stdin?.end();
    await exited;
    await rm(this.directory, { recursive: true });
  }

  async #next(): Promise<Answer> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error(`the Spark session ended:\n${this.log()}`);
    return answer.value;
  }
}

export interface ScriptWorld {
  /** What differs from the world's secret, such as the host. */
  readonly database?: Readonly<Record<string, unknown>>;
  /** Files that Glue puts next to the script, besides the shared ones. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs the script as Glue does: as a process, with its files in the working directory and `awsglue` installed. */
export async function runScript(
  world: World,
  parameters: readonly string[],
  { database = {}, files = {} }: ScriptWorld = {},
): Promise<string> {
  const { bin, environment } = spark();
  const directory = await gatherFiles();
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(directory, name), content);
  const { url, user, password } = connectionOf({ ...world.secret, ...database });
  try {
    const ran = await promisify(execFile)(
      path.join(bin, "python"),
      // Glue adds arguments of its own.
      [SCRIPT, "--JOB_NAME", "loans", "--enable-metrics", "true", ...definedArguments(world), ...parameters],
      {
        cwd: directory,
        env: {
          ...process.env,
          ...environment,
          ...world.environment,
          PYTHONPATH: path.join(__dirname, "stand-in"),
          GLUE_CONNECTIONS: JSON.stringify({ ods: { fullUrl: url, user, password } }),
        },
      },
    );
    return ran.stdout;
  } finally {
    await rm(directory, { recursive: true });
  }
}

function spark(): Spark {
  const text = process.env["TEST_SPARK"];
  if (text === undefined) throw new Error("no Spark: run these tests with npm run test:glue");
  return JSON.parse(text) as Spark;
}

async function gatherFiles(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "glue-"));
  for (const file of SHARED_FILES)
    await copyFile(path.join(ROOT, file), path.join(directory, path.basename(file)));
  return directory;
}

/** The arguments in the job's definition. */
function definedArguments({ bucket }: World): string[] {
  return ["--connection", "ods", "--bucket", bucket, "--ssl", "disable"];
}

function connectionOf(secret: Readonly<Record<string, unknown>>): {
  url: string;
  user: string;
  password: string;
} {
  const { host, port, dbname, username, password } = secret;
  const url = `jdbc:postgresql://${String(host)}:${String(port)}/${String(dbname)}`;
  return { url, user: String(username), password: String(password) };
}

async function* answersOf(child: ChildProcess): AsyncGenerator<Answer> {
  if (child.stdout === null) return;
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Answer;
}
