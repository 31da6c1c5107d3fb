/** Compares two rows of a file: which columns differ, and whether the cause is in the month or in its window. */
import { type Column, scaleOf } from "../platform/columns";
import type { Row } from "../platform/database/row-stream";
import { type ExtractDefinition, toUnits } from "./definition";

/** A column of a row that differs; null is an empty field. */
export interface ColumnChange {
  readonly column: string;
  readonly published: string | null;
  readonly now: string | null;
}

export interface RowChange {
  /** `window`: only figures of the window differ, so the cause is in an earlier month. */
  readonly kind: "month" | "window" | "added" | "removed";
  /** The values of the definition's `rowKey`, such as `{"branch_id": "17"}`. */
  readonly key: Readonly<Record<string, string | null>>;
  /** What differs; of a row that was added or removed, its numbers. */
  readonly columns: readonly ColumnChange[];
  /** By how much the row's numbers differ at most, in units of the last decimal of any column. */
  readonly size: bigint;
}

export class RowComparison {
  readonly #columns: readonly Column[];
  readonly #keyAt: readonly number[];
  readonly #windowColumns: ReadonlySet<string>;
  readonly #scale: number;

  /** @param names the columns that the rows have: some or all of the definition's, in its order. */
  constructor(definition: ExtractDefinition, names: readonly string[]) {
    this.#columns = definition.columns.filter(({ name }) => names.includes(name));
    this.#keyAt = definition.rowKey.map((name) => names.indexOf(name));
    this.#windowColumns = new Set(definition.windowColumns);
    this.#scale = Math.max(...this.#columns.map(({ type }) => scaleOf(type)));
  }

  /** The order of two rows in a file: negative if the first one comes before. */
  order(one: Row, other: Row): number {
    for (const at of this.#keyAt) {
      const [left, right] = [one[at] ?? "", other[at] ?? ""];
      if (left === right) continue;
      if (!this.#isNumber(at)) return left < right ? -1 : 1;
      const difference = this.#units(left, at) - this.#units(right, at);
      if (difference !== 0n) return difference < 0n ? -1 : 1;
    }
    return 0;
  }

  /** @returns undefined if the rows are the same. */
  changeOf(published: Row | undefined, now: Row | undefined): RowChange | undefined {
    const differing = this.#columns.flatMap(({ name }, at) => {
      const change = { column: name, published: published?.[at] ?? null, now: now?.[at] ?? null };
      const isShown = published === undefined || now === undefined ? this.#isFigure(at) : true;
      return change.published === change.now || !isShown ? [] : [{ at, change }];
    });
    const kind = this.#kindOf(published, now, differing);
    if (kind === undefined) return undefined;
    const row = now ?? published ?? [];
    return {
      kind,
      key: Object.fromEntries(this.#keyAt.map((at) => [this.#columns[at]?.name ?? "", row[at] ?? null])),
      columns: differing.map(({ change }) => change),
      size: differing
        .filter(({ at }) => this.#isFigure(at))
        .map(({ at, change }) => absolute(this.#units(change.now, at) - this.#units(change.published, at)))
        .reduce((largest, size) => (size > largest ? size : largest), 0n),
    };
  }

  #kindOf(
    published: Row | undefined,
    now: Row | undefined,
    differing: readonly { readonly change: ColumnChange }[],
  ): RowChange["kind"] | undefined {
    if (published === undefined) return "added";
    if (now === undefined) return "removed";
    if (differing.length === 0) return undefined;
    return differing.every(({ change }) => this.#windowColumns.has(change.column)) ? "window" : "month";
  }

  /** A number that isn't part of the key. */
  #isFigure(at: number): boolean {
    return this.#isNumber(at) && !this.#keyAt.includes(at);
  }

  #isNumber(at: number): boolean {
    return /^(int|decimal)/.test(this.#columns[at]?.type ?? "");
  }

  /** All columns in the same units, so that their changes can be ranked. What is no number, in a damaged file, is 0. */
  #units(field: string | null, at: number): bigint {
    const scale = scaleOf(this.#columns[at]?.type ?? "int64");
    try {
      return toUnits(field ?? "0", scale) * 10n ** BigInt(this.#scale - scale);
    } catch {
      return 0n;
    }
  }
}

function absolute(number: bigint): bigint {
  return number < 0n ? -number : number;
}
