/** The result for content that was loaded before, as far as the ledger and the file have it. */
import { Findings } from "./findings";
import type { LedgerEntry } from "./ledger";
import type { LoadRequest } from "./load-request";
import { quoteRecords } from "./read-file";
import type { DeliveryResult } from "./result";

/** Reads the file only to quote the records that were rejected. */
export async function unchangedResult(
  entry: LedgerEntry,
  { content, delivery, dryRun }: LoadRequest,
): Promise<Omit<DeliveryResult, "durationsMs">> {
  const findings = new Findings();
  for (const { line, reasons } of entry.rejects) {
    findings.record(
      line,
      reasons.map((reason) => ({ reason })),
    );
  }
  await quoteRecords(content, delivery.gzip, findings);
  const { id, bankId, sha256, key, version, loadedAt, byteCount, figures, counts } = entry;
  return {
    ...{ outcome: "unchanged", dryRun, delivery, deliveryId: id, bankId, sha256, byteCount, figures, counts },
    loadedBy: { key, at: loadedAt, ...(version !== null && { version }) },
    ...{ problems: findings.problems, problemCount: findings.problemCount, rejects: findings.rejects },
    ...{ records: counts.records, rejectedRecords: counts.rejected },
  };
}
