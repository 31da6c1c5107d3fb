/**
 * One statement's rows as they come, in batches, with back-pressure. It is pg-query-stream but for one thing: it asks
 * for all rows at once, and where nobody reads the socket waits. PostgreSQL gives a parallel plan its workers only if no
 * number of rows is asked for. `docs/decisions/02-rows.md` has the figures.
 */
import type { Connection } from "pg";
import QueryStream from "pg-query-stream";

import type { Row } from "./database";

/** Rows that are handed on together, so that handing on costs next to nothing a row. */
const BATCH_ROWS = 1000;
/** Batches that may wait for a reader before the socket has to. */
const BATCHES_AHEAD = 2;
/** In the protocol's Execute message. Source: PostgreSQL documentation, "Message Formats". */
const NO_LIMIT = 0;

/** A readable stream of batches for `client.query`. Whoever leaves it early has to end the connection. */
export class RowStream extends QueryStream {
  #connection: Connection | undefined;
  #isAsked = false;
  #batch: Row[] = [];

  constructor(text: string, values: readonly string[]) {
    super(text, [...values], { batchSize: BATCHES_AHEAD });
    // Fields come as PostgreSQL's text, which is what a row is here: nothing is parsed.
    this.handleDataRow = ({ fields }: { fields: Row }) => {
      this.#batch.push(fields);
      if (this.#batch.length === BATCH_ROWS && !this.#handOn()) this.#connection?.stream.pause();
    };
  }

  override submit(connection: Connection): void {
    this.#connection = connection;
    super.submit(connection);
  }

  override _read(): void {
    if (this.#isAsked) {
      this.#connection?.stream.resume();
      return;
    }
    this.#isAsked = true;
    (this.cursor as Cursor).read(NO_LIMIT, (error) => {
      if (error) {
        this.destroy(error);
        return;
      }
      this.#handOn();
      this.push(null);
    });
  }

  /** The portal goes with the connection; a server that still sends would not hear of its end before that. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
  }

  #handOn(): boolean {
    const batch = this.#batch;
    this.#batch = [];
    return this.push(batch);
  }
}

interface Cursor {
  read(rowCount: number, done: (error: Error | null) => void): void;
}
