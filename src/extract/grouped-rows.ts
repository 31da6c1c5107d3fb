/** Divides one ordered result into the rows of its files: a new file begins where the month or the bank changes. */
import type { Row } from "../platform/database/row-stream";

/** The rows of one file. */
export interface RowGroup {
  /** In batches, to be iterated once. */
  readonly batches: AsyncIterable<readonly Row[]>;
  /** Resolves when the batches were read to their end or abandoned, so that the next group can be taken; never rejects. */
  readonly ended: Promise<void>;
}

export class GroupedRows {
  readonly #batches: AsyncIterator<readonly Row[]>;
  /** The batch that was requested and not yet used. */
  #ahead: Promise<IteratorResult<readonly Row[], unknown>> | undefined;
  #rest: readonly Row[] = [];

  /** Requests the first rows at once, so that the database computes while the caller prepares. */
  constructor(batches: AsyncIterable<readonly Row[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#ahead = this.#batches.next();
    // Avoids an unhandled rejection; take() rethrows it.
    this.#ahead.catch(() => undefined);
  }

  /**
   * The next rows, as long as they belong. Take groups in the order of the result, and read each to its end before the
   * next; a group may be empty.
   */
  take(belongs: (row: Row) => boolean): RowGroup {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    return { batches: this.#read(belongs, end), ended };
  }

  /** Reads and discards the remaining rows, after which the connection can be used for something else. */
  async skip(): Promise<void> {
    while (await this.#fill()) this.#rest = [];
  }

  async *#read(belongs: (row: Row) => boolean, end: () => void): AsyncGenerator<readonly Row[]> {
    try {
      while (await this.#fill()) {
        const endAt = this.#rest.findIndex((row) => !belongs(row));
        const group = endAt === -1 ? this.#rest : this.#rest.slice(0, endAt);
        this.#rest = endAt === -1 ? [] : this.#rest.slice(endAt);
        if (group.length > 0) yield group;
        if (endAt !== -1) return;
      }
    } finally {
      end();
    }
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const batch = await (this.#ahead ?? this.#batches.next());
      this.#ahead = undefined;
      if (batch.done === true) return false;
      this.#rest = batch.value;
    }
    return true;
  }
}
