/** One attempt to load a delivery, inside the transaction: read, check, write, count. */
import type { WriteTransaction } from "../platform/database/connection";
import { ConflictError } from "../platform/errors";
import { bankOfFolder } from "./bank";
import { type CopiedFile, copyRows, notAsSent } from "./copy-rows";
import { checkInDatabase } from "./database-check";
import { WaitingError } from "./errors";
import type { Feed } from "./feed";
import type { Expected } from "./file-check";
import { Findings } from "./findings";
import { Ledger, type LedgerEntry } from "./ledger";
import type { LoadRequest } from "./load-request";
import { quoteRecords } from "./read-file";
import type { DeliveryCounts, DeliveryOutcome, DeliveryResult } from "./result";
import { feedStatements } from "./statements";
import { unchangedResult } from "./unchanged";

type Parts = { -readonly [Part in keyof DeliveryResult]?: DeliveryResult[Part] };

export class Attempt {
  readonly findings = new Findings();
  /** What is known of the result so far. */
  readonly #known: Parts = {};
  readonly #durationsMs = { read: 0, check: 0, load: 0 };
  readonly #startedAt = performance.now();

  constructor(private readonly request: LoadRequest) {}

  /** Does everything but the commit. */
  async run(transaction: WriteTransaction, feed: Feed): Promise<DeliveryResult> {
    const { delivery, content } = this.request;
    const bankId = await bankOfFolder(transaction, delivery.bank);
    if (bankId === undefined) {
      this.findings.file(`no bank has the folder ${delivery.bank}`);
      return this.result("rejected");
    }
    this.#known.bankId = bankId;
    const ledger = new Ledger(transaction, feed.name, bankId);
    await ledger.lock();
    const before = content.sha256 === undefined ? undefined : await ledger.find(content.sha256);
    if (before !== undefined) return this.#unchanged(before);

    const expected: Expected = { feed, delivery, bankId };
    const file = await this.#timed("read", () => this.#read(transaction, expected));
    const { sha256 } = file;
    const same = sha256 === undefined || this.findings.isFileWrong ? undefined : await ledger.find(sha256);
    if (same !== undefined) return this.#unchanged(same);

    await this.#timed("check", () => this.#check(transaction, expected, file));
    if (this.#isRejected(feed) || sha256 === undefined) return this.result("rejected");
    await this.#timed("load", () => this.#load(transaction, expected, ledger, { ...file, sha256 }));
    return this.result("loaded");
  }

  /** What became of the delivery, with all that is known of it. */
  result(outcome: DeliveryOutcome): DeliveryResult {
    const { findings, request } = this;
    return {
      records: 0,
      ...this.#known,
      ...{ outcome, dryRun: request.dryRun, delivery: request.delivery },
      ...{ problems: findings.problems, problemCount: findings.problemCount },
      ...{ rejects: findings.rejects, rejectedRecords: findings.rejectedRecords },
      durationsMs: this.#durations(),
    };
  }

  async #unchanged(entry: LedgerEntry): Promise<DeliveryResult> {
    return { ...(await unchangedResult(entry, this.request)), durationsMs: this.#durations() };
  }

  async #read(transaction: WriteTransaction, expected: Expected): Promise<CopiedFile> {
    const { delivery, now } = this.request;
    if (Date.parse(delivery.businessTime) > now.getTime()) {
      this.findings.file("the business time is in the future");
    }
    const file = await copyRows(transaction, expected, this.request, this.findings);
    const { sha256, byteCount, records } = file;
    this.#known.byteCount = byteCount;
    this.#known.records = records.rowCount;
    this.#known.figures = records.fileFigures;
    if (sha256 !== undefined) this.#known.sha256 = sha256;
    return file;
  }

  /** @throws WaitingError if nothing but missing rows is in the way, and waiting is allowed. */
  async #check(
    transaction: WriteTransaction,
    expected: Expected,
    { copied, records }: CopiedFile,
  ): Promise<void> {
    const { content, delivery } = this.request;
    if (copied > 0) {
      const { waitingRecords } = await checkInDatabase(transaction, expected, records, this.findings);
      this.#waitOr(waitingRecords, expected.feed);
    }
    await quoteRecords(content, delivery.gzip, this.findings);
  }

  #waitOr(waitingRecords: number, feed: Feed): void {
    const { ifMissing, delivery } = this.request;
    if (waitingRecords === 0 || ifMissing === "reject" || this.findings.isFileWrong) return;
    if (this.findings.rejectedRecords - waitingRecords > feed.maxRejectedRecords) return;
    const tables = feed.references.map(({ to }) => to.table).join(", ");
    throw new WaitingError(
      `${waitingRecords} records of ${delivery.bank}/${delivery.fileName} refer to rows that don't exist yet, of: ${tables}`,
      { hint: "Deliver the bank's files that have these rows first. Nothing was loaded." },
    );
  }

  #isRejected({ maxRejectedRecords }: Feed): boolean {
    return this.findings.isFileWrong || this.findings.rejectedRecords > maxRejectedRecords;
  }

  async #load(
    transaction: WriteTransaction,
    { feed, delivery }: Expected,
    ledger: Ledger,
    { sha256, byteCount, records: { rowCount, fileFigures: figures } }: CopiedFile & { sha256: string },
  ): Promise<void> {
    const rejects = this.findings.rejects.map(({ line, reasons }) => ({ line, reasons }));
    const { version } = this.request;
    const id = await ledger.add(delivery, { sha256, rejects, version, byteCount, figures });
    if (id === undefined) throw interfered("loaded the same content");
    const [row] = await transaction.query(feedStatements(feed).load, [delivery.businessTime, id]);
    const [inserted = 0, updated = 0, same = 0, stale = 0, writtenNew, writtenChanged] = (row ?? []).map(
      Number,
    );
    if (writtenNew !== inserted || writtenChanged !== updated) throw interfered("wrote the same rows");
    const records = await ledger.count(id, { inserted, updated, same, stale });
    if (records !== rowCount) throw notAsSent(`${records} records instead of ${rowCount}`);
    const rejected = rejects.length;
    const counts: DeliveryCounts = { records, inserted, updated, same, stale, rejected };
    this.#known.counts = counts;
    this.#known.deliveryId = id;
  }

  async #timed<Result>(step: "read" | "check" | "load", action: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await action();
    } finally {
      this.#durationsMs[step] = Math.round(performance.now() - startedAt);
    }
  }

  #durations(): DeliveryResult["durationsMs"] {
    return { ...this.#durationsMs, total: Math.round(performance.now() - this.#startedAt) };
  }
}

function interfered(what: string): ConflictError {
  return new ConflictError(`another transaction ${what} while this delivery was loaded`, {
    hint: "Nothing was loaded by this one.",
  });
}
