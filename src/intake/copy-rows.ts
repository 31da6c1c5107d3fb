/** Reads a delivery through its checks into the temporary table, while the file comes in. */
import type { WriteTransaction } from "../platform/database/connection";
import { ReconciliationError, StorageError } from "../platform/errors";
import { CopyWriter } from "../platform/format/copy-writer";
import { ContentError } from "../platform/format/gunzip";
import { type Expected, FileCheck } from "./file-check";
import type { Findings } from "./findings";
import type { LoadRequest } from "./load-request";
import { FileReader } from "./read-file";
import type { RecordCheck } from "./record-check";
import { feedStatements } from "./statements";

/** What was read. */
export interface CopiedFile {
  /** Undefined unless every byte was read. */
  readonly sha256: string | undefined;
  readonly byteCount: number;
  readonly records: RecordCheck;
  /** Rows in the temporary table. */
  readonly copied: number;
}

/**
 * @throws ReconciliationError if the temporary table has not what was sent; StorageError if the content is not the
 *   expected one.
 */
export async function copyRows(
  transaction: WriteTransaction,
  expected: Expected,
  { content, delivery, onProgress }: LoadRequest,
  findings: Findings,
): Promise<CopiedFile> {
  const statements = feedStatements(expected.feed);
  const reader = new FileReader(content, delivery.gzip);
  const writer = new CopyWriter();
  let accepted = 0;
  const check = new FileCheck(expected, findings, (line, row) => {
    accepted += 1;
    writer.reserve(32);
    writer.integer(line);
    writer.endField();
    row.copyTo(writer);
  });
  const { records } = check;
  async function* copyData() {
    try {
      for await (const block of reader.lines()) {
        check.block(block);
        // After each block, so that a reader that stops is noticed.
        if (writer.length > 0) yield writer.take();
        onProgress?.({ records: records.rowCount, byteCount: reader.byteCount });
      }
      check.end();
    } catch (error) {
      if (!(error instanceof ContentError)) throw error;
      findings.file(error.message);
    }
  }
  await transaction.query(statements.create);
  const copied = await transaction.copyIn(statements.copy, copyData());
  if (copied !== accepted) throw notAsSent(`${copied} copied records instead of ${accepted}`);
  const { sha256, byteCount } = reader;
  expectContent(sha256, content.sha256, delivery.key);
  if (copied > 0) {
    const [row] = await transaction.query(statements.totals);
    const total = row?.[1] ?? "";
    if (unitsOf(total) !== records.acceptedTotal) throw notAsSent(`the control total ${total}`);
  }
  return { sha256, byteCount, records, copied };
}

function expectContent(found: string | undefined, expected: string | undefined, key: string): void {
  if (expected === undefined || found === undefined || expected === found) return;
  throw new StorageError(`the content of ${key} has the SHA-256 ${found}, not ${expected}`, {
    hint: "Read the version of the object that was received.",
    retry: false,
  });
}

/** PostgreSQL's text of a sum, which has as many decimals as its column, in units of the last. */
function unitsOf(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

export function notAsSent(what: string): ReconciliationError {
  return new ReconciliationError(`the database has not what was sent to it: ${what}`, {
    hint: "Nothing was loaded. The file is not the cause: report this as a fault of the program.",
  });
}
