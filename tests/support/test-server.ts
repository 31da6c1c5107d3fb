/**
 * The PostgreSQL server that all tests share. `npm test` starts one and stops it when the tests have ended. If TEST_POSTGRES
 * is set to the URL of a running server, `postgres://user:password@host:port`, the tests use that one and leave it
 * running. Its user must be a superuser: tests create roles and terminate backends.
 *
 * Each test file copies a template database and drops its copy. On a server that outlives the tests the templates
 * remain, so the next tests start at once.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { Client } from "pg";

import { startPostgres } from "../../local/postgres";
import { seed, type SeedOptions, smallSeed } from "../../local/seed";
import { ROOT } from "./root";

export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** With loans, or with empty tables. */
export type Template = "seeded" | "empty";

const URL_VARIABLE = "TEST_POSTGRES";

/** 36 months, with branches without loans in some months or in all, and a bank without branches. */
const seeded: SeedOptions = {
  ...smallSeed,
  loans: 20_000,
  accounts: 4_000,
  branches: 60,
  from: "2023-09-01",
  to: "2026-10-31",
  bankWithoutBranches: true,
};

const empty: SeedOptions = {
  ...seeded,
  loans: 0,
  accounts: 0,
  branches: 0,
  banks: 0,
  bankWithoutBranches: false,
};

/** Prepares the server for the tests; returns a function that stops it, unless it was already running. */
export async function startTestServer(): Promise<() => Promise<void>> {
  let stop = () => Promise.resolve();
  if ((process.env[URL_VARIABLE] ?? "") === "") {
    const server = await startPostgres();
    const { host, port, user, password } = server;
    process.env[URL_VARIABLE] = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}`;
    stop = () => server.stop();
  }
  try {
    await createTemplates();
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

export function testServer(): TestServer {
  const text = process.env[URL_VARIABLE];
  if (text === undefined)
    throw new Error("no PostgreSQL server: run the tests by npm test, which starts one");
  const { hostname, port, username, password } = new URL(text);
  return {
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/** A connected client of one of the server's databases; the caller ends it. */
export async function connectTo(database: string): Promise<Client> {
  const client = new Client({ ...testServer(), database });
  await client.connect();
  return client;
}

/** Runs an action while no other test runs one of this name. Without a test server, there are no other tests. */
export async function oneAtATime<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
  if ((process.env[URL_VARIABLE] ?? "") === "") return action();
  const lock = await connectTo("postgres");
  try {
    await lock.query("select pg_advisory_lock(hashtext($1))", [name]);
    return await action();
  } finally {
    await lock.end();
  }
}

/** The name contains a digest of the template's sources, so that tests with other sources never copy it. */
export function templateName(template: Template): string {
  const folder = path.join(ROOT, "sql", "ods");
  const files = readdirSync(folder).map((name) => path.join(folder, name));
  const hash = createHash("sha256").update(JSON.stringify([seeded, empty]));
  for (const file of [path.join(ROOT, "local", "seed.ts"), ...files.sort()]) hash.update(readFileSync(file));
  return `template_${template}_${hash.digest("hex").slice(0, 12)}`;
}

async function createTemplates(): Promise<void> {
  const admin = await connectTo("postgres");
  // Other tests may be preparing the same server.
  await admin.query("select pg_advisory_lock(hashtext('templates of the tests'))");
  try {
    for (const [template, size] of Object.entries({ seeded, empty })) {
      const name = templateName(template as Template);
      const { rowCount } = await admin.query("select from pg_database where datname = $1", [name]);
      if (rowCount === 0) await createTemplate(admin, name, size);
    }
  } finally {
    await admin.end();
  }
}

/** The template gets its name when it is complete. */
async function createTemplate(admin: Client, name: string, size: SeedOptions): Promise<void> {
  await admin.query(`drop database if exists ${name}_unfinished`);
  await admin.query(`create database ${name}_unfinished template template0 encoding 'UTF8' locale 'C'`);
  const owner = await connectTo(`${name}_unfinished`);
  await seed(owner, size);
  await owner.end();
  await admin.query(`alter database ${name}_unfinished rename to ${name}`);
}
