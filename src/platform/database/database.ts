/**
 * The operational data store: one connection, one snapshot, rows as the text that PostgreSQL writes.
 * Numbers and dates are never turned into JavaScript's own, so no digit and no time zone can get lost.
 */
import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isNativeError } from "node:util/types";

import { Client, type CustomTypesConfig } from "pg";

import type { DatabaseSettings } from "../../extract/settings";
import type { Credentials } from "./credentials";
import type { Deadline } from "../deadline";
import { ConfigError, CredentialsError, DatabaseUnavailableError, QueryError } from "../errors";
import { RowStream } from "./row-stream";
import type { Statement } from "../statement";

/** A row's fields as PostgreSQL's text, in the statement's order. */
export type Row = readonly (string | null)[];

/** A connection to the database; one at a time does one thing. */
export interface Connection {
  readonly host: string;
  readonly database: string;
  /**
   * Takes an advisory lock, which ends with the connection; false if another connection to this server holds it.
   * A standby has locks of its own, so a lock taken there keeps nobody away from another standby.
   */
  tryLock(space: number, key: number): Promise<boolean>;
  /** Opens the one `REPEATABLE READ, READ ONLY` transaction of this connection. What it shows is not older than this call. */
  openSnapshot(): Promise<Snapshot>;
}

/** Everything read through one snapshot shows the database at one instant. */
export interface Snapshot {
  /** All rows of a small result. */
  query(statement: Statement, values?: readonly string[]): Promise<Row[]>;
  /**
   * The rows of a result of any size, in batches; memory stays the same however many there are. One stream at a time, and nothing else until it has ended.
   */
  stream(statement: Statement, values: readonly string[]): AsyncGenerator<Row[]>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;

const rawText: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/**
 * Connects with the first credentials that the server takes and lends the connection to `use`. It is gone when `use` has
 * settled, however it did, and so is what the server was doing for it.
 *
 * @throws CredentialsError, DatabaseUnavailableError, QueryError, ConfigError, or what `use` throws.
 */
export async function withConnection<Result>(
  settings: DatabaseSettings,
  candidates: AsyncIterable<Credentials>,
  deadline: Deadline,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const { client, lost, explain, credentials, close } = await connect(settings, candidates, deadline);
  const snapshot: Snapshot = {
    query: (statement, values = []) => queryRows(client, statement, values).catch(rethrowAs(explain)),
    stream: (statement, values) => streamRows(client, statement, values, lost, explain),
  };
  try {
    return await use({
      host: credentials.host,
      database: credentials.database,
      tryLock: (space, key) => tryLock(client, space, key).catch(rethrowAs(explain)),
      openSnapshot: async () => {
        await beginTransaction(client, settings, deadline).catch(rethrowAs(explain));
        return snapshot;
      },
    });
  } finally {
    // Nothing was written, so there is nothing to commit: the transaction ends with its connection.
    await close();
  }
}

interface OpenClient {
  readonly client: Client;
  readonly credentials: Credentials;
  /** Aborts when the connection is lost, or the time is up. */
  readonly lost: AbortSignal;
  readonly explain: (error: unknown) => unknown;
  readonly close: () => Promise<void>;
}

async function connect(
  settings: DatabaseSettings,
  candidates: AsyncIterable<Credentials>,
  deadline: Deadline,
): Promise<OpenClient> {
  let refusal: unknown;
  for await (const credentials of candidates) {
    try {
      return await open(settings, credentials, deadline);
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

async function open(
  settings: DatabaseSettings,
  credentials: Credentials,
  deadline: Deadline,
): Promise<OpenClient> {
  deadline.signal.throwIfAborted();
  const { host, port, database, user, password } = credentials;
  // The socket is ours to destroy: the only thing that ends every wait, whatever the server or the network does.
  const socket = new Socket();
  const client = new Client({
    ...{ host, port, database, user, password },
    // Without the host, an address in place of a name would be checked as "localhost".
    ssl: settings.ssl === "verify-full" ? { rejectUnauthorized: true, host } : false,
    stream: () => socket,
    application_name: "bank-batch",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that dies in mid-stream settles nothing of its own accord: its error event has to end the stream.
  const lost = new AbortController();
  const lose = (error: Error) => {
    lost.abort(error);
  };
  client.on("error", lose);
  // The server's last words say why; between two fetches nobody else is there to hear them before the connection goes.
  client.connection.on("errorMessage", (error: Error & { severity?: string }) => {
    if (error.severity === "FATAL" || error.severity === "PANIC") lose(error);
  });
  const giveUp = () => {
    lost.abort(deadline.signal.reason);
    socket.destroy();
  };
  deadline.signal.addEventListener("abort", giveUp);

  // What fails on a lost connection fails for the reason why it was lost.
  const explain = (error: unknown) =>
    databaseError(lost.signal.aborted ? lost.signal.reason : error, credentials);
  const close = async () => {
    deadline.signal.removeEventListener("abort", giveUp);
    await Promise.race([client.end(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    socket.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    await close();
    throw explain(error);
  }
  return { client, credentials, lost: lost.signal, explain, close };
}

async function beginTransaction(
  client: Client,
  settings: DatabaseSettings,
  deadline: Deadline,
): Promise<void> {
  // The server looks for us while it computes, and stops when we are gone. Not every version and platform can.
  await client.query("set client_connection_check_interval = '1s'").catch(() => undefined);
  await client.query("begin transaction isolation level repeatable read, read only");
  await client.query(
    "select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true), set_config('statement_timeout', $1, true)",
    [String(Math.max(1, deadline.timeLeftMs()))],
  );
  if (settings.schema !== undefined) {
    await client.query("select set_config('search_path', quote_ident($1), true)", [settings.schema]);
  }
}

async function tryLock(client: Client, space: number, key: number): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>("select pg_try_advisory_lock($1, $2) as locked", [
    space,
    key,
  ]);
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
  const rows = addAbortSignal(lost, client.query(new RowStream(statement.text, values)));
  try {
    yield* rows as AsyncIterable<Row[]>;
  } catch (error) {
    throw explain(error);
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
      hint: "Each secret was read afresh for this connection, a rotation's new one too; check that the password in it is the user's, and that the user may connect.",
      cause: error,
    });
  }
  // 40001 is a standby's that had to choose between this query and keeping up with its primary.
  if (/^(08|53|57P0|40)/.test(code)) {
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
