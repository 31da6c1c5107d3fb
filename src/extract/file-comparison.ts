/**
 * Compares a published file with the rows that would be published now, both as streams in the order of their keys, so
 * memory does not grow with the rows.
 */
import { createHash } from "node:crypto";

import type { Row } from "../platform/database/row-stream";
import { columnNames, type ExtractDefinition } from "./definition";
import { type RowChange, RowComparison } from "./row-comparison";

/** How the rows of a file differ from the published ones. */
export interface ContentComparison {
  /** How many rows are changed, by kind; all 0 if the rows can't be told one by one. */
  readonly rows: Readonly<Record<RowChange["kind"], number>>;
  /** The columns' names, if they are not the same. */
  readonly columns?: { readonly published: readonly string[]; readonly now: readonly string[] };
  /** Whether the rows are in another order, and otherwise the same. If they also differ, they can't be told one by one. */
  readonly order?: "differs" | "differs, as do the rows";
}

type Batches = AsyncIterable<readonly Row[]>;

/**
 * @param published the records of the published file, its header first.
 * @param now the rows of today, in the columns of the definition.
 * @param report is called with each row that differs.
 */
export async function compareRows(
  definition: ExtractDefinition,
  published: Batches,
  now: Batches,
  report: (change: RowChange) => void,
): Promise<ContentComparison> {
  const before = new Cursor(published);
  try {
    return await compareWith(before, definition, now, report);
  } finally {
    await before.close();
  }
}

async function compareWith(
  before: Cursor,
  definition: ExtractDefinition,
  now: Batches,
  report: (change: RowChange) => void,
): Promise<ContentComparison> {
  const columns = columnNames(definition);
  const header = ((await before.next()) ?? columns).map((name) => name ?? "");
  const common = columns.filter((name) => header.includes(name));
  const others = header.join() === columns.join() ? {} : { columns: { published: header, now: columns } };
  const rows = { month: 0, window: 0, added: 0, removed: 0 };
  if (definition.rowKey.some((name) => !common.includes(name))) return { rows, ...others };

  const comparison = new RowComparison(definition, common);
  const sides = {
    published: new Side(before, positions(header, common), comparison),
    now: new Side(new Cursor(now), positions(columns, common), comparison),
  };
  await Promise.all([sides.published.advance(), sides.now.advance()]);
  for (;;) {
    const [old, fresh] = [sides.published.row, sides.now.row];
    if (old === undefined && fresh === undefined) break;
    const order = orderOf(comparison, old, fresh);
    const change = comparison.changeOf(order <= 0 ? old : undefined, order >= 0 ? fresh : undefined);
    if (change !== undefined) {
      rows[change.kind] += 1;
      report(change);
    }
    if (order <= 0) await sides.published.advance(change !== undefined);
    if (order >= 0) await sides.now.advance(change !== undefined);
  }
  if (sides.published.isOrdered && sides.now.isOrdered) return { rows, ...others };
  const isSame = sides.published.sum === sides.now.sum;
  const nothing = { month: 0, window: 0, added: 0, removed: 0 };
  return { rows: nothing, ...others, order: isSame ? "differs" : "differs, as do the rows" };
}

/** Which side's row comes first; 0 if both have it. */
function orderOf(comparison: RowComparison, old: Row | undefined, fresh: Row | undefined): number {
  if (old === undefined) return 1;
  return fresh === undefined ? -1 : comparison.order(old, fresh);
}

function positions(columns: readonly string[], wanted: readonly string[]): readonly number[] {
  return wanted.map((name) => columns.indexOf(name));
}

/** One of the two files, at its current row. */
class Side {
  row: Row | undefined;
  /** Whether each row so far comes after the one before. */
  isOrdered = true;
  /** Adds up the rows that were counted as different, whatever their order. */
  sum = 0n;

  constructor(
    private readonly cursor: Cursor,
    private readonly columnsAt: readonly number[],
    private readonly comparison: RowComparison,
  ) {}

  /** @param isDifferent whether the row that is left differs from the other file's. */
  async advance(isDifferent = false): Promise<void> {
    const left = this.row;
    if (isDifferent && left !== undefined) this.sum = (this.sum + digestOf(left)) % 2n ** 256n;
    const next = await this.cursor.next();
    this.row = next && this.columnsAt.map((at) => next[at] ?? null);
    if (left !== undefined && this.row !== undefined)
      this.isOrdered &&= this.comparison.order(left, this.row) < 0;
  }
}

function digestOf(row: Row): bigint {
  return BigInt(`0x${createHash("sha256").update(JSON.stringify(row)).digest("hex")}`);
}

/** Reads rows one by one from batches. */
class Cursor {
  readonly #batches: AsyncIterator<readonly Row[]>;
  #batch: readonly Row[] = [];
  #at = 0;

  constructor(batches: Batches) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  async next(): Promise<Row | undefined> {
    while (this.#at === this.#batch.length) {
      const next = await this.#batches.next();
      if (next.done === true) return undefined;
      [this.#batch, this.#at] = [next.value, 0];
    }
    return this.#batch[this.#at++];
  }

  /** Ends the reading, wherever it is. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
