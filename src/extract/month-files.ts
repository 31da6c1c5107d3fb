/**
 * Makes the files of a month from its rows as they arrive: while the last bytes of one file are being uploaded, the rows
 * of the next are read.
 */
import type { Uploads } from "../platform/bucket/uploads";
import type { LineEnding } from "../platform/format/csv";
import type { Month } from "../platform/month";
import type { MadeFile } from "../platform/publication/publication";
import { CsvFile } from "./csv-file";
import { belongsTo, type ExtractDefinition, formatTotals, type Totals } from "./definition";
import type { RunEvent } from "./events";
import type { GroupedRows } from "./grouped-rows";
import type { Bank } from "./object-key";

/** A bank's file of the month. */
export interface BankFile extends MadeFile {
  readonly bank: Bank;
  readonly totals: Totals;
}

/** Which files to make, and how. */
export interface MonthFiles {
  readonly definition: ExtractDefinition;
  readonly month: Month;
  /** With the keys of their files, in the order of the rows. */
  readonly banks: readonly (Bank & { readonly key: string })[];
  readonly lineEnding: LineEnding;
  /** Stages the files; undefined if they are made only to be compared. */
  readonly uploads: Uploads | undefined;
  readonly observe: (event: RunEvent) => void;
}

/** Files that were read and are not yet staged. Each waits for two answers from S3, which for 300 banks would add up. */
const FILES_IN_FLIGHT = 16;
/** Nor more bytes than two parts of `staged-upload.ts`, which is what any file, however large, may have left to send. */
const BYTES_IN_FLIGHT = 16 * 1024 * 1024;

/**
 * Makes the files one after the other.
 *
 * @throws the first error of a file, after all files that were begun have ended.
 */
export async function makeFiles(rows: GroupedRows, files: MonthFiles): Promise<BankFile[]> {
  const begun: Promise<BankFile>[] = [];
  const inFlight = new Map<Promise<void>, number>();
  const failures: unknown[] = [];
  for (const bank of files.banks) {
    const group = rows.take(belongsTo(files.definition, bank, files.month));
    const csv = new CsvFile(files.definition, group.batches, files.lineEnding, (rowCount, byteCount) => {
      files.observe({ step: "reading", month: files.month, bank: bank.name, rowCount, byteCount });
    });
    const file = makeFile(bank, csv, files);
    begun.push(file);
    const settled = file.then(
      () => undefined,
      (error: unknown) => void failures.push(error),
    );
    inFlight.set(settled, 0);
    void settled.then(() => inFlight.delete(settled));

    await Promise.race([group.ended, settled]);
    if (inFlight.has(settled)) inFlight.set(settled, Math.min(csv.byteCount, BYTES_IN_FLIGHT));
    while (isFull(inFlight)) await Promise.race(inFlight.keys());
    if (failures.length > 0) break;
  }
  await Promise.allSettled(begun);
  return Promise.all(begun);
}

function isFull(inFlight: ReadonlyMap<unknown, number>): boolean {
  const bytes = [...inFlight.values()].reduce((sum, each) => sum + each, 0);
  return inFlight.size >= FILES_IN_FLIGHT || bytes > BYTES_IN_FLIGHT;
}

async function makeFile(
  { key, ...bank }: MonthFiles["banks"][number],
  csv: CsvFile,
  { definition, month, uploads, observe }: MonthFiles,
): Promise<BankFile> {
  const staged = await uploads?.stage(key, csv);
  if (staged === undefined) await readToEnd(csv);
  const tally = csv.tally();
  const { rowCount, byteCount } = tally;
  const step = staged === undefined ? "compared" : "staged";
  const totals = formatTotals(definition, tally.totals);
  observe({ step, month, bank: bank.name, key, rowCount, byteCount, totals });
  return { bank, key, staged, ...tally };
}

async function readToEnd(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks) continue;
}
