/** Divides one ordered result into the rows of its files: a new file begins where the month or the bank changes. */
import type { Row } from "./database";

export class GroupedRows {
  readonly #batches: AsyncIterator<readonly Row[]>;
  #rest: readonly Row[] = [];

  constructor(batches: AsyncIterable<readonly Row[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /**
   * The next rows as long as they belong, in batches. Groups are taken in the result's order, and each is read
   * to its end before the next is taken; a group without rows is none.
   */
  async *take(belongs: (row: Row) => boolean): AsyncGenerator<readonly Row[]> {
    while (await this.#fill()) {
      const end = this.#rest.findIndex((row) => !belongs(row));
      const group = end === -1 ? this.#rest : this.#rest.slice(0, end);
      this.#rest = end === -1 ? [] : this.#rest.slice(end);
      if (group.length > 0) yield group;
      if (end !== -1) return;
    }
  }

  /** The first row that no group has taken, undefined at the result's end. */
  async next(): Promise<Row | undefined> {
    return (await this.#fill()) ? this.#rest[0] : undefined;
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const batch = await this.#batches.next();
      if (batch.done === true) return false;
      this.#rest = batch.value;
    }
    return true;
  }
}
