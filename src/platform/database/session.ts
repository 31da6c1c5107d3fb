/** One connection to PostgreSQL, from its socket up: losing it ends every wait, with the reason why it was lost. */
import { once } from "node:events";
import { Socket } from "node:net";
import { addAbortSignal } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, type CustomTypesConfig } from "pg";
import { from as copyFrom } from "pg-copy-streams";

import { type Column, expectColumns } from "../columns";
import type { Deadline } from "../deadline";
import type { DatabaseSettings } from "../settings";
import type { Statement } from "../statement";
import type { Credentials } from "./credentials";
import { databaseError } from "./errors";
import { type Row, RowStream } from "./row-stream";

/** The rows of one statement. */
export interface Result {
  /**
   * Resolves when the result's columns are known to be those of the definition, before its first row.
   *
   * @throws DefinitionError, or the statement's error.
   */
  readonly checked: Promise<void>;
  /** In batches, to be iterated once. */
  readonly batches: AsyncGenerator<Row[]>;
}

/** As `pg_stat_activity` shows the connection. */
const APPLICATION_NAME = "bank-batch";
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;

const rawText: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

export class Session {
  /** Aborts when the connection is lost or the deadline has passed. */
  readonly #lost = new AbortController();
  readonly #client: Client;
  /** Destroying the socket is the only thing that ends every wait, whatever the server or the network does. */
  readonly #socket: Socket;

  /**
   * Connects and logs in.
   *
   * @throws CredentialsError if the server refuses the credentials, DatabaseUnavailableError, ConfigError.
   */
  static async open(
    settings: DatabaseSettings,
    credentials: Credentials,
    deadline: Deadline,
  ): Promise<Session> {
    deadline.signal.throwIfAborted();
    const session = new Session(settings, credentials, deadline);
    try {
      await session.#client.connect();
    } catch (error) {
      await session.close();
      throw session.#explain(error);
    }
    return session;
  }

  private constructor(
    settings: DatabaseSettings,
    readonly credentials: Credentials,
    readonly deadline: Deadline,
  ) {
    const { host, port, database, user, password } = credentials;
    this.#socket = new Socket();
    this.#client = new Client({
      ...{ host, port, database, user, password },
      ssl: settings.ssl === "verify-full" ? { rejectUnauthorized: true } : false,
      stream: () => this.#socket,
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    // A lost connection doesn't end a stream by itself, so the client's error event has to.
    this.#client.on("error", this.#lose);
    deadline.signal.addEventListener("abort", this.#giveUp);
  }

  /** Sends a statement without a result, such as `begin`. @returns what the server did, which may differ: `ROLLBACK`. */
  async execute(text: string, values: readonly string[] = []): Promise<string> {
    const { command } = await this.#client.query(text, [...values]).catch(this.#refusalOf(text));
    return command;
  }

  /** All rows of a small result. */
  async query(text: string, values: readonly string[] = []): Promise<Row[]> {
    const query = { text, values: [...values], rowMode: "array" as const, types: rawText };
    const result = await this.#client.query<(string | null)[]>(query).catch(this.#refusalOf(text));
    return result.rows;
  }

  /** The rows of a result of any size; the statement starts at once. */
  stream(statement: Statement, values: readonly string[], columns: readonly Column[]): Result {
    const rows = addAbortSignal(this.#lost.signal, this.#client.query(new RowStream(statement.text, values)));
    const checked = rows.columns.then((found) => {
      expectColumns(statement.name, found, columns);
    }, this.#refusalOf(statement.text));
    // Avoids an unhandled rejection: the batches throw the same error.
    checked.catch(() => undefined);
    return { checked, batches: this.#batches(rows, checked) };
  }

  /**
   * Sends bytes to a `COPY … FROM STDIN`, as fast as the server takes them.
   *
   * @returns how many rows the server copied.
   * @throws what `chunks` throws, or the statement's error. The server has copied nothing then.
   */
  async copyIn(text: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    let failure: { readonly error: unknown } | undefined;
    async function* source() {
      try {
        yield* chunks;
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
    const copy = this.#client.query(copyFrom(text));
    const { signal } = this.#lost;
    const settled = new AbortController();
    try {
      // A pipeline may wait for its source to end, also when its signal aborts: Node.js 24 does, Node.js 20 doesn't.
      const lost = once(signal, "abort", { signal: settled.signal });
      await Promise.race([pipeline(source, copy, { signal }), lost]);
      signal.throwIfAborted();
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throw this.#explain(error, text);
    } finally {
      settled.abort();
    }
    return copy.rowCount;
  }

  /** Closes the connection, which also ends what the server still does for it. */
  async close(): Promise<void> {
    this.deadline.signal.removeEventListener("abort", this.#giveUp);
    await Promise.race([this.#client.end(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    this.#socket.destroy();
  }

  async *#batches(rows: RowStream, checked: Promise<void>): AsyncGenerator<Row[]> {
    await checked;
    try {
      yield* rows as AsyncIterable<Row[]>;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  readonly #lose = (error: unknown): void => {
    this.#lost.abort(error);
  };

  readonly #giveUp = (): void => {
    this.#lose(this.deadline.signal.reason);
    this.#socket.destroy();
  };

  /** What fails on a lost connection fails for the reason why it was lost. */
  #explain(error: unknown, statement?: string): unknown {
    const { aborted, reason } = this.#lost.signal as { aborted: boolean; reason: unknown };
    return databaseError(aborted ? reason : error, this.credentials, statement);
  }

  /** Rethrows the error of a statement. */
  #refusalOf(statement: string): (error: unknown) => never {
    return (error) => {
      throw this.#explain(error, statement);
    };
  }
}
