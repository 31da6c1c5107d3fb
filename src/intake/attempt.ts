/** One attempt to load a delivery, inside the transaction: read, check, write, count. */
import type { WriteTransaction } from "../platform/database/connection";
import { ConflictError, ReconciliationError, StorageError } from "../platform/errors";
import { CopyWriter } from "../platform/format/copy-writer";
import { ContentError } from "../platform/format/gunzip";
import { bankOfFolder } from "./bank";
import { checkInDatabase } from "./database-check";
import { WaitingError } from "./errors";
import type { Feed } from "./feed";
import { FileCheck } from "./file-check";
import { Findings } from "./findings";
import type { Expected } from "./header-check";
import { Ledger, type LedgerEntry } from "./ledger";
import type { LoadRequest } from "./load-request";
import { FileReader, quoteRecords } from "./read-file";
import type { DeliveryCounts, DeliveryOutcome, DeliveryResult } from "./result";
import { feedStatements } from "./statements";

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
    const { delivery, content, now } = this.request;
    const bankId = await bankOfFolder(transaction, delivery.bank);
    if (bankId === undefined) {
      this.findings.file(`no bank has the folder ${delivery.bank}`);
      return this.result("rejected");
    }
    this.#known.bankId = bankId;
    const ledger = new Ledger(transaction, feed.name, bankId);
    await ledger.lock();
    const before = content.sha256 === undefined ? undefined : await ledger.find(content.sha256);
    if (before !== undefined) return this.#unchanged(before, content.sha256 ?? "");

    const expected: Expected = { feed, delivery, bankId, now };
    const file = await this.#timed("read", () => this.#read(transaction, expected));
    const { sha256, check } = file;
    const same = sha256 === undefined || this.findings.isFileWrong ? undefined : await ledger.find(sha256);
    if (same !== undefined) return this.#unchanged(same, sha256 ?? "");

    const { waitingRecords } = await this.#timed("check", () =>
      this.#checkInDatabase(transaction, expected, check, file.copied),
    );
    this.#waitOr(waitingRecords, feed);
    await quoteRecords(content, delivery.gzip, this.findings);
    if (this.#isRejected(feed) || sha256 === undefined) return this.result("rejected");
    await this.#timed("load", () => this.#load(transaction, expected, ledger, sha256, check));
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
      durationsMs: { ...this.#durationsMs, total: this.#sinceStart() },
    };
  }

  /** Reads the file through its checks into the temporary table. */
  async #read(transaction: WriteTransaction, expected: Expected) {
    const { content, delivery, onProgress } = this.request;
    const statements = feedStatements(expected.feed);
    const reader = new FileReader(content, delivery.gzip);
    const writer = new CopyWriter();
    let accepted = 0;
    const check = new FileCheck(expected, this.findings, (line, record) => {
      accepted += 1;
      writer.reserve(32);
      writer.integer(line);
      writer.endField();
      record.copyTo(writer);
    });
    const { findings } = this;
    async function* copyData() {
      try {
        for await (const block of reader.lines()) {
          check.block(block);
          // After each block, so that a reader that stops is noticed.
          if (writer.length > 0) yield writer.take();
          onProgress?.({ records: check.records, byteCount: reader.byteCount });
        }
        check.end();
      } catch (error) {
        if (!(error instanceof ContentError)) throw error;
        findings.file(error.message);
      }
    }
    await transaction.query(statements.create);
    const copied = await transaction.copyIn(statements.copy, copyData());
    if (copied !== accepted) throw notAsSent(`${copied} records instead of ${accepted}`);
    const { sha256, byteCount } = reader;
    this.#expectContent(sha256);
    this.#known.byteCount = byteCount;
    this.#known.records = check.records;
    if (sha256 !== undefined) this.#known.sha256 = sha256;
    if (check.controlTotals !== undefined) this.#known.controlTotals = check.controlTotals;
    return { sha256, check, copied };
  }

  #expectContent(sha256: string | undefined): void {
    const { content, delivery } = this.request;
    if (content.sha256 === undefined || sha256 === undefined || content.sha256 === sha256) return;
    throw new StorageError(
      `the content of ${delivery.key} has the SHA-256 ${sha256}, not ${content.sha256}`,
      {
        hint: "Read the version of the object that was received.",
        retry: false,
      },
    );
  }

  async #checkInDatabase(
    transaction: WriteTransaction,
    expected: Expected,
    check: FileCheck,
    copied: number,
  ): Promise<{ readonly waitingRecords: number }> {
    if (copied === 0) return { waitingRecords: 0 };
    if (check.statedTotal !== undefined && !this.findings.isFileWrong) {
      const [row] = await transaction.query(feedStatements(expected.feed).totals);
      const total = unitsOf(row?.[1] ?? "") + check.wrongTotal;
      if (total !== check.statedTotal) throw notAsSent(`the control total ${row?.[1] ?? ""}`);
    }
    return checkInDatabase(transaction, expected, check, this.findings);
  }

  /** @throws WaitingError if nothing but missing rows is in the way, and waiting is allowed. */
  #waitOr(waitingRecords: number, feed: Feed): void {
    const { ifMissing, delivery } = this.request;
    if (waitingRecords === 0 || ifMissing === "reject" || this.findings.isFileWrong) return;
    if (this.findings.rejectedRecords - waitingRecords > feed.maxRejectedRecords) return;
    const tables = feed.references.map(({ to }) => to.table).join(", ");
    throw new WaitingError(
      `${waitingRecords} records of ${delivery.bank}/${delivery.fileName} refer to rows that don't exist yet, of: ${tables}`,
      {
        hint: "Deliver the bank's other feeds: clients before accounts, accounts before loans. Nothing was loaded.",
      },
    );
  }

  #isRejected({ maxRejectedRecords }: Feed): boolean {
    return this.findings.isFileWrong || this.findings.rejectedRecords > maxRejectedRecords;
  }

  async #load(
    transaction: WriteTransaction,
    { feed, delivery }: Expected,
    ledger: Ledger,
    sha256: string,
    check: FileCheck,
  ): Promise<void> {
    const rejects = this.findings.rejects.map(({ line, reasons }) => ({ line, reasons }));
    const id = await ledger.add(delivery, {
      ...{ sha256, rejects, version: this.request.version, byteCount: this.#known.byteCount ?? 0 },
      controlTotal: this.#known.controlTotals?.stated.total ?? "0",
    });
    if (id === undefined) throw interfered("loaded the same content");
    const [row] = await transaction.query(feedStatements(feed).load, [delivery.businessTime, id]);
    const [inserted = 0, updated = 0, same = 0, stale = 0, writtenNew, writtenChanged] = (row ?? []).map(
      Number,
    );
    if (writtenNew !== inserted || writtenChanged !== updated) throw interfered("wrote the same rows");
    const records = await ledger.count(id, { inserted, updated, same, stale });
    if (records !== check.records) throw notAsSent(`${records} records instead of ${check.records}`);
    const rejected = rejects.length;
    const counts: DeliveryCounts = { records, inserted, updated, same, stale, rejected };
    this.#known.counts = counts;
    this.#known.deliveryId = id;
  }

  /** The result for content that was loaded before, as far as the ledger and the file have it. */
  async #unchanged(entry: LedgerEntry, sha256: string): Promise<DeliveryResult> {
    const { content, delivery, dryRun } = this.request;
    const first = new Findings();
    for (const { line, reasons } of entry.rejects) {
      first.record(
        line,
        reasons.map((reason) => ({ reason })),
      );
    }
    await quoteRecords(content, delivery.gzip, first);
    const { id, key, version, loadedAt, byteCount, counts } = entry;
    return {
      ...{ outcome: "unchanged", dryRun, delivery, deliveryId: id, sha256, byteCount, counts },
      ...(this.#known.bankId !== undefined && { bankId: this.#known.bankId }),
      loadedBy: { key, at: loadedAt, ...(version !== null && { version }) },
      controlTotals: {
        stated: { records: String(counts.records), total: entry.controlTotal },
        found: { records: String(counts.records), total: entry.controlTotal },
      },
      ...{ problems: first.problems, problemCount: first.problemCount, rejects: first.rejects },
      ...{ records: counts.records, rejectedRecords: counts.rejected },
      durationsMs: { ...this.#durationsMs, total: this.#sinceStart() },
    };
  }

  async #timed<Result>(step: "read" | "check" | "load", action: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await action();
    } finally {
      this.#durationsMs[step] = Math.round(performance.now() - startedAt);
    }
  }

  #sinceStart(): number {
    return Math.round(performance.now() - this.#startedAt);
  }
}

/** PostgreSQL's text of a sum, which has as many decimals as its column, in units of the last. */
function unitsOf(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

function notAsSent(what: string): ReconciliationError {
  return new ReconciliationError(`the database has not what was sent to it: ${what}`, {
    hint: "Nothing was loaded. The file is not the cause: report this as a fault of the program.",
  });
}

function interfered(what: string): ConflictError {
  return new ConflictError(`another transaction ${what} while this delivery was loaded`, {
    hint: "Nothing was loaded by this one.",
  });
}
