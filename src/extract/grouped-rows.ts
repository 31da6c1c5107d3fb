/** Divides one ordered result into the rows of its files: a new file begins where the month or the bank changes. */
import type { Row } from "../platform/database/database";

/** A file's rows. */
export interface RowGroup {
  /** In batches, to be iterated once. */
  readonly batches: AsyncIterable<readonly Row[]>;
  /** Resolves when they have been read to their end or left, so that the next group may be taken; never rejects. */
  readonly ended: Promise<void>;
}

export class GroupedRows {
  readonly #batches: AsyncIterator<readonly Row[]>;
  /** The fetch that is under way or done and not yet looked at. */
  #ahead: Promise<IteratorResult<readonly Row[], unknown>> | undefined;
  #rest: readonly Row[] = [];

  /** Asks for the first rows at once, so that the database computes while others prepare. */
  constructor(batches: AsyncIterable<readonly Row[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#ahead = this.#batches.next();
    // Whoever takes rows hears of it.
    this.#ahead.catch(() => undefined);
  }

  /**
   * The next rows as long as they belong. Groups are taken in the result's order, and each is read to its end
   * before the next is taken; a group without rows is none.
   */
  take(belongs: (row: Row) => boolean): RowGroup {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    return { batches: this.#read(belongs, end), ended };
  }

  /** Reads what is left and forgets it: the connection can be asked for something else then. */
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
