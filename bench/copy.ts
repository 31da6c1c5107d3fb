/** `COPY (a statement) TO STDOUT` into a file: the fastest way to get rows from PostgreSQL, and the program's baseline. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Copier {
  /** The program that copies, for people. */
  readonly name: string;
  /** The duration is from the start of psql, or of the connection, to the end of the file. */
  copy(login: Login, query: string, file: string): Promise<{ durationMs: number }>;
}

/** psql if it is installed, otherwise pg-copy-streams. */
export async function findCopier(): Promise<Copier> {
  const version = await promisify(execFile)("psql", ["--version"]).catch(() => undefined);
  return version === undefined
    ? { name: "pg-copy-streams (psql is not installed)", copy: copyByNode }
    : { name: version.stdout.trim(), copy: copyByPsql };
}

/** The statement with its values inserted, because COPY takes no parameters. The values are the benchmark's dates. */
export function withValues(statement: string, values: readonly string[]): string {
  return statement.replace(/\$(\d+)/g, (_, number) => `'${values[Number(number) - 1] ?? ""}'`);
}

export function copyStatement(query: string): string {
  return `copy (\n${query}\n) to stdout with (format csv)`;
}

/** The environment variables that tell psql where to connect. */
export function psqlEnvironment({ host, port, user, password, database }: Login): Record<string, string> {
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database };
}

export function psqlArguments(query: string): string[] {
  return ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", copyStatement(query)];
}

async function copyByPsql(login: Login, query: string, file: string): Promise<{ durationMs: number }> {
  const target = await open(file, "w");
  try {
    const startedAt = performance.now();
    const child = spawn("psql", psqlArguments(query), {
      env: { ...process.env, ...psqlEnvironment(login) },
      stdio: ["ignore", target.fd, "pipe"],
    });
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const [exitCode] = (await once(child, "close")) as [number | null];
    if (exitCode !== 0) throw new Error(`psql failed: ${errors}`);
    return { durationMs: performance.now() - startedAt };
  } finally {
    await target.close();
  }
}

async function copyByNode(login: Login, query: string, file: string): Promise<{ durationMs: number }> {
  const startedAt = performance.now();
  const client = new Client(login);
  await client.connect();
  try {
    await pipeline(client.query(copyTo(copyStatement(query))), createWriteStream(file));
    return { durationMs: performance.now() - startedAt };
  } finally {
    await client.end();
  }
}
