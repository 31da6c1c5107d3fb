/** The ledger of the deliveries that were loaded: each content once. */
import type { WriteTransaction } from "../platform/database/connection";
import { readStatement } from "../platform/statement";
import type { Delivery } from "./delivery";
import type { DeliveryCounts, FileFigure } from "./result";

const lock = readStatement("intake/lock.sql");
const loadedBefore = readStatement("intake/loaded_before.sql");
const addDelivery = readStatement("intake/add_delivery.sql");
const countDelivery = readStatement("intake/count_delivery.sql");

/** A rejected record as the ledger has it: without its values. */
export interface LedgerReject {
  readonly line: number;
  readonly reasons: readonly string[];
}

/** A delivery that was loaded. */
export interface LedgerEntry {
  readonly id: string;
  readonly bankId: number;
  readonly sha256: string;
  readonly key: string;
  readonly version: string | null;
  /** As `2026-10-01T03:00:04.512Z`. */
  readonly loadedAt: string;
  readonly byteCount: number;
  readonly figures: readonly FileFigure[];
  readonly counts: DeliveryCounts;
  readonly rejects: readonly LedgerReject[];
}

/** What is added to the ledger. */
export interface NewEntry {
  readonly sha256: string;
  readonly version: string | undefined;
  readonly byteCount: number;
  readonly figures: readonly FileFigure[];
  readonly rejects: readonly LedgerReject[];
}

/** The ledger of one feed and bank. */
export class Ledger {
  readonly #of: readonly [feed: string, bank: string];

  constructor(
    private readonly transaction: WriteTransaction,
    feed: string,
    private readonly bankId: number,
  ) {
    this.#of = [feed, String(bankId)];
  }

  /** Waits until no other delivery of the feed and bank is being loaded; then this one is, until the transaction ends. */
  async lock(): Promise<void> {
    await this.transaction.query(lock, this.#of);
  }

  /** The delivery that loaded this content. */
  async find(sha256: string): Promise<LedgerEntry | undefined> {
    const [row] = await this.transaction.query(loadedBefore, [...this.#of, sha256]);
    if (row === undefined) return undefined;
    const [id, key, version, loadedAt, byteCount, figures, ...rest] = row;
    const [records, inserted, updated, same, stale, rejected] = rest.map(Number);
    return {
      ...{ id: id ?? "", bankId: this.bankId, sha256 },
      ...{ key: key ?? "", version: version ?? null, loadedAt: loadedAt ?? "" },
      ...{ byteCount: Number(byteCount), figures: JSON.parse(figures ?? "[]") as FileFigure[] },
      counts: {
        ...{ records: records ?? 0, inserted: inserted ?? 0, updated: updated ?? 0 },
        ...{ same: same ?? 0, stale: stale ?? 0, rejected: rejected ?? 0 },
      },
      rejects: JSON.parse(rest[6] ?? "[]") as LedgerReject[],
    };
  }

  /** @returns the new entry's id; undefined if the content was loaded before. */
  async add({ businessTime, key }: Delivery, entry: NewEntry): Promise<string | undefined> {
    const { sha256, version, byteCount, figures, rejects } = entry;
    const [row] = await this.transaction.query(addDelivery, [
      ...this.#of,
      ...[sha256, businessTime, key, version ?? "", String(byteCount), JSON.stringify(figures)],
      ...[String(rejects.length), JSON.stringify(rejects)],
    ]);
    return row?.[0] ?? undefined;
  }

  /** @returns how many records the entry has now. */
  async count(id: string, changes: Omit<DeliveryCounts, "records" | "rejected">): Promise<number> {
    const { inserted, updated, same, stale } = changes;
    const values = [inserted, updated, same, stale].map(String);
    const [row] = await this.transaction.query(countDelivery, [id, ...values]);
    return Number(row?.[0]);
  }
}
