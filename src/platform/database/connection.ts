/**
 * The database as pipelines see it: a connection that is lent for one action, a read-only snapshot, a write
 * transaction. Rows are the text that PostgreSQL writes: numbers and dates never become JavaScript's own, so no digit
 * and no time zone can be lost.
 */
import type { Column } from "../columns";
import type { Deadline } from "../deadline";
import { CredentialsError, QueryError } from "../errors";
import type { DatabaseSettings } from "../settings";
import type { Statement } from "../statement";
import type { Credentials } from "./credentials";
import type { Row } from "./row-stream";
import { type Result, Session } from "./session";

export type { Row } from "./row-stream";
export type { Result } from "./session";

/** A connection does one thing at a time. */
export interface Connection {
  readonly host: string;
  readonly database: string;
  /**
   * Takes an advisory lock, which ends with the connection; false if another connection to this server holds it.
   * A standby has locks of its own, so a lock taken there doesn't exclude a connection to another standby.
   */
  tryLock(space: number, key: number): Promise<boolean>;
  /**
   * Opens a `REPEATABLE READ, READ ONLY` transaction, which shows nothing older than this call, and every row: a statement
   * from which a row-level security policy would hide some is refused. It ends with the next one, or with the connection.
   */
  openSnapshot(): Promise<Snapshot>;
  /**
   * Runs an action in a transaction of its own and commits it; if the action throws, nothing is written.
   *
   * @throws what the action throws, or the error of the commit.
   */
  writeTransaction<Outcome>(action: (transaction: WriteTransaction) => Promise<Outcome>): Promise<Outcome>;
}

/** Everything read through one snapshot shows the database at one instant. */
export interface Snapshot {
  /** All rows of a small result. */
  query(statement: Statement, values?: readonly string[]): Promise<Row[]>;
  /**
   * Streams a result of any size in constant memory. Until its last batch is read, the connection can do nothing else.
   *
   * @param columns which the result must have; a difference is an error before the first row.
   */
  stream(statement: Statement, values: readonly string[], columns: readonly Column[]): Result;
}

/** Reads and writes, all of it or nothing. */
export interface WriteTransaction extends Snapshot {
  /**
   * Sends content of any size to a `COPY … FROM STDIN`, in constant memory.
   *
   * @returns how many rows were copied.
   * @throws what `content` throws, or the statement's error.
   */
  copyIn(statement: Statement, content: AsyncIterable<Uint8Array>): Promise<number>;
}

/**
 * Connects with the first credentials that the server accepts and lends the connection to `use`. The connection is
 * closed when `use` settles, and the server stops what it was doing for it.
 *
 * @throws CredentialsError, DatabaseUnavailableError, QueryError, ConfigError, or what `use` throws.
 */
export async function withConnection<Outcome>(
  settings: DatabaseSettings,
  candidates: AsyncIterable<Credentials>,
  deadline: Deadline,
  use: (connection: Connection) => Promise<Outcome>,
): Promise<Outcome> {
  const session = await openFirst(candidates, (credentials) => Session.open(settings, credentials, deadline));
  const transaction: WriteTransaction = {
    query: (statement, values) => session.query(statement.text, values),
    stream: (statement, values, columns) => session.stream(statement, values, columns),
    copyIn: (statement, content) => session.copyIn(statement.text, content),
  };
  let hasSnapshot = false;
  try {
    return await use({
      host: session.credentials.host,
      database: session.credentials.database,
      tryLock: (space, key) => tryLock(session, space, key),
      openSnapshot: async () => {
        if (hasSnapshot) await session.execute("rollback");
        hasSnapshot = true;
        await begin(session, settings, "isolation level repeatable read, read only");
        // A policy would hide rows from the files and from their control totals alike: such a statement is refused.
        await session.execute("set local row_security = off");
        return transaction;
      },
      writeTransaction: async (action) => {
        await begin(session, settings, "isolation level read committed, read write");
        try {
          const outcome = await action(transaction);
          await commit(session);
          return outcome;
        } catch (error) {
          // On a lost connection the server rolls back by itself; the reason for the failure is the action's error.
          await session.execute("rollback").catch(() => undefined);
          throw error;
        }
      },
    });
  } finally {
    // A snapshot has nothing to commit: it ends with its connection.
    await session.close();
  }
}

async function openFirst(
  candidates: AsyncIterable<Credentials>,
  open: (credentials: Credentials) => Promise<Session>,
): Promise<Session> {
  let refusal: unknown;
  for await (const credentials of candidates) {
    try {
      return await open(credentials);
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

async function begin(session: Session, { schema }: DatabaseSettings, mode: string): Promise<void> {
  // While it computes, the server checks that its client is still connected. Not every version and platform can.
  await session.execute("set client_connection_check_interval = '1s'").catch(() => undefined);
  await session.execute(`begin transaction ${mode}`);
  await session.execute(
    "select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true), set_config('statement_timeout', $1, true)",
    [String(Math.max(1, session.deadline.timeLeftMs()))],
  );
  if (schema !== undefined) {
    await session.execute("select set_config('search_path', quote_ident($1), true)", [schema]);
  }
}

/** PostgreSQL answers the commit of a failed transaction by a rollback, and not by an error. */
async function commit(session: Session): Promise<void> {
  if ((await session.execute("commit")) === "COMMIT") return;
  throw new QueryError("nothing was written: a statement of the transaction had failed", {
    hint: "The log has the statement's error. A retry won't help.",
  });
}

async function tryLock(session: Session, space: number, key: number): Promise<boolean> {
  const [row] = await session.query("select pg_try_advisory_lock($1, $2)", [String(space), String(key)]);
  return row?.[0] === "t";
}
