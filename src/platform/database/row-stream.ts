/**
 * The rows of one statement in batches, with back-pressure. It is pg-query-stream with one difference: it asks for all
 * rows at once and pauses the socket while nobody reads, because PostgreSQL starts the workers of a parallel plan only
 * if no number of rows is asked for. `docs/decisions/02-rows.md` has the figures.
 */
import type { Connection } from "pg";
import QueryStream from "pg-query-stream";

import type { ResultColumn } from "../columns";

/** A row's fields as PostgreSQL's text, in the statement's order. */
export type Row = readonly (string | null)[];

/** Rows per batch: enough that the cost of passing a batch on is negligible per row. */
const BATCH_ROWS = 1000;
/** Bytes per batch, so that long rows don't make large batches. */
const BATCH_BYTES = 1024 * 1024;
/** Batches that may wait for the reader before the socket is paused. */
const BATCHES_AHEAD = 2;
/** In the protocol's Execute message. Source: PostgreSQL documentation, "Message Formats". */
const NO_LIMIT = 0;

/** A readable stream of batches for `client.query`. A reader that leaves early must close the connection. */
export class RowStream extends QueryStream {
  /** The columns of the result, known before its first row is computed; rejects with the statement's error. */
  readonly columns: Promise<readonly ResultColumn[]>;
  #connection: Connection | undefined;
  #isRequested = false;
  #batch: Row[] = [];
  #byteCount = 0;

  constructor(text: string, values: readonly string[]) {
    super(text, [...values], { batchSize: BATCHES_AHEAD });
    // Fields stay PostgreSQL's text, which is what a row consists of here: nothing is parsed.
    this.handleDataRow = ({ fields, length }: { fields: Row; length: number }) => {
      this.#batch.push(fields);
      this.#byteCount += length;
      const isFull = this.#batch.length === BATCH_ROWS || this.#byteCount >= BATCH_BYTES;
      if (isFull && !this.#passOn()) this.#connection?.stream.pause();
    };
    this.columns = new Promise((resolve, reject) => {
      const handleRowDescription = this.handleRowDescription as (message: RowDescription) => void;
      this.handleRowDescription = (message: RowDescription) => {
        resolve(message.fields);
        handleRowDescription(message);
      };
      this.on("error", reject);
      this.on("close", () => {
        reject(new Error("the stream was closed before the database described its result"));
      });
    });
    // Avoids an unhandled rejection where nobody asks for the columns; the rows fail with the same error.
    this.columns.catch(() => undefined);
  }

  override submit(connection: Connection): void {
    this.#connection = connection;
    super.submit(connection);
  }

  override _read(): void {
    if (this.#isRequested) {
      this.#connection?.stream.resume();
      return;
    }
    this.#isRequested = true;
    (this.cursor as Cursor).read(NO_LIMIT, (error) => {
      if (error) {
        this.destroy(error);
        return;
      }
      this.#passOn();
      this.push(null);
    });
  }

  /** The portal ends with the connection: a server that is still sending would not see it closed earlier. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
  }

  #passOn(): boolean {
    const batch = this.#batch;
    [this.#batch, this.#byteCount] = [[], 0];
    return this.push(batch);
  }
}

interface RowDescription {
  readonly fields: readonly ResultColumn[];
}

interface Cursor {
  read(rowCount: number, done: (error: Error | null) => void): void;
}
