/**
 * The operational data store: one connection, one snapshot, rows as the text that PostgreSQL writes.
 * Numbers and dates are never turned into JavaScript's own, so no digit and no time zone can get lost.
 */
import { on } from "node:events";
import { isNativeError } from "node:util/types";

import { Client, type CustomTypesConfig } from "pg";
import QueryStream from "pg-query-stream";

import type { DatabaseSettings } from "./config";
import type { Credentials } from "./credentials";
import { ConfigError, CredentialsError, DatabaseUnavailableError, QueryError } from "./errors";
import type { Statement } from "./statement";

/** A row's fields as PostgreSQL's text, in the statement's order. */
export type Row = readonly (string | null)[];

/** Everything read through one snapshot shows the database at one instant. */
export interface Snapshot {
  /**
   * Takes an advisory lock, which ends with the connection; false if another connection to this server holds it.
   * A standby has locks of its own, so a lock taken there keeps nobody away from another standby.
   */
  tryLock(space: number, key: number): Promise<boolean>;
  /** All rows of a small result. */
  query(statement: Statement, values?: readonly string[]): Promise<Row[]>;
  /**
   * The rows of a result of any size, in batches of at most {@link BATCH_ROWS}; memory stays the same however
   * many there are. One stream at a time, and nothing else until it has ended.
   */
  stream(statement: Statement, values: readonly string[]): AsyncGenerator<Row[]>;
}

/** At 2 ms round trip, 300,000 rows took 8.3 s in batches of 100, 1.85 s of 1,000 and 1.35 s of 5,000. */
const BATCH_ROWS = 1000;

const CONNECT_TIMEOUT_MS = 10_000;

const rawText: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/**
 * Connects, opens one `REPEATABLE READ, READ ONLY` transaction and lends it to `use`. The connection is closed
 * when `use` has settled, however it did.
 *
 * @throws CredentialsError, DatabaseUnavailableError, QueryError, ConfigError, or what `use` throws.
 */
export async function withSnapshot<Result>(
  settings: DatabaseSettings,
  credentials: Credentials,
  use: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const client = new Client({
    host: credentials.host,
    port: credentials.port,
    database: credentials.database,
    user: credentials.user,
    password: credentials.password,
    // Node checks the certificate against this host; without it, an address in place of a name is checked as "localhost".
    ssl: settings.ssl === "verify-full" ? { rejectUnauthorized: true, host: credentials.host } : false,
    application_name: "bank-loan-extract",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that dies in mid-stream settles nothing of its own accord: its error event has to end the stream.
  const lost = new AbortController();
  client.on("error", (error) => {
    lost.abort(error);
  });

  const explain = (error: unknown) => databaseError(error, credentials);
  try {
    await openSnapshot(client, settings).catch(rethrowAs(explain));
    return await use({
      tryLock: (space, key) => tryLock(client, space, key).catch(rethrowAs(explain)),
      query: (statement, values = []) => queryRows(client, statement, values).catch(rethrowAs(explain)),
      stream: (statement, values) => streamRows(client, statement, values, lost.signal, explain),
    });
  } finally {
    // Nothing was written, so there is nothing to commit: the transaction ends with its connection.
    await client.end();
  }
}

async function openSnapshot(client: Client, settings: DatabaseSettings): Promise<void> {
  await client.connect();
  await client.query("begin transaction isolation level repeatable read, read only");
  await client.query("select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)");
  // A stream's fetch count keeps PostgreSQL from starting workers, and a parallel plan without them is the slower one.
  await client.query("select set_config('max_parallel_workers_per_gather', '0', true)");
  if (settings.schema !== undefined) {
    await client.query("select set_config('search_path', quote_ident($1), true)", [settings.schema]);
  }
}

async function tryLock(client: Client, space: number, key: number): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    "select pg_try_advisory_xact_lock($1, $2) as locked",
    [space, key],
  );
  return rows[0]?.locked === true;
}

async function queryRows(client: Client, statement: Statement, values: readonly string[]): Promise<Row[]> {
  const result = await client.query<(string | null)[]>({
    text: statement.text,
    values: [...values],
    rowMode: "array",
    types: rawText,
  });
  return result.rows;
}

async function* streamRows(
  client: Client,
  statement: Statement,
  values: readonly string[],
  lost: AbortSignal,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Row[]> {
  const stream = client.query(
    new QueryStream(statement.text, [...values], { batchSize: BATCH_ROWS, rowMode: "array", types: rawText }),
  );
  try {
    // One event a batch instead of one step of an iterator a row.
    for await (const _ of on(stream, "readable", { close: ["end"], signal: lost })) {
      const batch: Row[] = [];
      for (let row = stream.read() as Row | null; row !== null; row = stream.read() as Row | null)
        batch.push(row);
      if (batch.length > 0) yield batch;
    }
  } catch (error) {
    throw explain(lost.aborted ? lost.reason : error);
  } finally {
    stream.destroy();
  }
}

function rethrowAs(explain: (error: unknown) => unknown): (error: unknown) => never {
  return (error) => {
    throw explain(error);
  };
}

/** What went wrong, by SQLSTATE. Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes". */
function databaseError(error: unknown, { host, port, database, user }: Credentials): unknown {
  if (!isNativeError(error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const where = `database ${database} on ${host}:${String(port)}`;
  const why = error.message;

  if (code.startsWith("28")) {
    return new CredentialsError(`the ${where} refused the user ${user}: ${why}`, {
      hint: "Check that the secret holds the user's present password, and that the user may connect.",
      cause: error,
    });
  }
  if (/^(08|53|57P0)/.test(code)) {
    return new DatabaseUnavailableError(`the ${where} is not available: ${why}`, {
      hint: "Run the month again in a few minutes.",
      cause: error,
    });
  }
  if (/^[0-9A-Z]{5}$/.test(code) && "severity" in error) {
    return new QueryError(`the ${where} refused a statement: ${why} (SQLSTATE ${code})`, {
      hint: queryHint(code, user),
      cause: error,
    });
  }
  if (/CERT|SIGNATURE|ERR_TLS|ERR_SSL/.test(code) || why.includes("does not support SSL")) {
    return new ConfigError(`no trusted connection to the ${where}: ${why}`, {
      hint: "Check DB_HOST against the names in the server's certificate, and NODE_EXTRA_CA_CERTS for its authority.",
      cause: error,
    });
  }
  return new DatabaseUnavailableError(`no connection to the ${where}: ${why === "" ? code : why}`, {
    hint: "Check that the database is up and may be reached from here, then run the month again.",
    cause: error,
  });
}

function queryHint(code: string, user: string): string {
  switch (code) {
    case "42P01": // undefined_table
    case "42703": // undefined_column
    case "3F000": // invalid_schema_name
      return "Check DB_NAME and DB_SCHEMA: the tables of docs/contract.md, section 1, were not found there.";
    case "3D000": // invalid_catalog_name
      return "Check DB_NAME, or dbname in the secret.";
    case "42501": // insufficient_privilege
      return `Grant the user ${user} select on the tables of docs/contract.md, section 1.`;
    default:
      return "The cause is above. A retry won't cure it.";
  }
}
