/**
 * Makes a month's files out of its rows as they come: while the last bytes of one are on their way to S3, the rows of
 * the next are read already.
 */
import type { LineEnding } from "../platform/format/csv";
import { CsvFile } from "./csv-file";
import { belongsTo, type ExtractDefinition } from "./definition";
import type { GroupedRows } from "./grouped-rows";
import type { Month } from "../platform/month";
import type { Bank } from "./object-key";
import type { MadeFile } from "./publication";
import type { RunEvent } from "./run-event";
import type { ObjectStore } from "../platform/bucket/object-store";

/** What a month's files are, and where they go. */
export interface MonthFiles {
  readonly definition: ExtractDefinition;
  readonly month: Month;
  /** With their files' keys, in the order of the rows. */
  readonly banks: readonly (Bank & { readonly key: string })[];
  readonly lineEnding: LineEnding;
  /** Where they are staged; undefined if they are only made, to be compared. */
  readonly stagedIn: ObjectStore | undefined;
  readonly observe: (event: RunEvent) => void;
}

/** Files that are read and not yet staged: each waits for two answers of S3, and 300 banks would wait 600 times. */
const FILES_ON_THE_WAY = 16;
/** Nor more bytes than the two parts of `storage.ts`: so much may a file, however large, have left to send. */
const BYTES_ON_THE_WAY = 16 * 1024 * 1024;

/**
 * Makes the files one behind the other and stops at the first that fails, when all that were begun have ended.
 *
 * @returns in the order of the banks, what became of each file that was begun.
 */
export async function makeFiles(
  rows: GroupedRows,
  files: MonthFiles,
): Promise<PromiseSettledResult<MadeFile>[]> {
  const begun: Promise<MadeFile>[] = [];
  const onTheWay = new Map<Promise<void>, number>();
  const failed: unknown[] = [];
  for (const bank of files.banks) {
    const group = rows.take(belongsTo(files.definition, bank, files.month));
    const csv = new CsvFile(files.definition, group.batches, files.lineEnding, (rowCount, byteCount) => {
      files.observe({ step: "reading", month: files.month, bank: bank.name, rowCount, byteCount });
    });
    const file = makeFile(bank, csv, files);
    begun.push(file);
    const settled = file.then(
      () => undefined,
      (error: unknown) => void failed.push(error),
    );
    onTheWay.set(settled, 0);
    void settled.then(() => onTheWay.delete(settled));

    await Promise.race([group.ended, settled]);
    if (onTheWay.has(settled)) onTheWay.set(settled, Math.min(csv.byteCount, BYTES_ON_THE_WAY));
    while (isFull(onTheWay)) await Promise.race(onTheWay.keys());
    if (failed.length > 0) break;
  }
  return Promise.allSettled(begun);
}

function isFull(onTheWay: ReadonlyMap<unknown, number>): boolean {
  const bytes = [...onTheWay.values()].reduce((sum, each) => sum + each, 0);
  return onTheWay.size >= FILES_ON_THE_WAY || bytes > BYTES_ON_THE_WAY;
}

async function makeFile(
  { key, ...bank }: MonthFiles["banks"][number],
  csv: CsvFile,
  { month, stagedIn, observe }: MonthFiles,
): Promise<MadeFile> {
  const staged = await stagedIn?.stage(key, csv);
  if (staged === undefined) await readToEnd(csv);
  const tally = csv.tally();
  const { rowCount, byteCount } = tally;
  const step = staged === undefined ? "compared" : "staged";
  observe({ step, month, bank: bank.name, key, rowCount, byteCount });
  return { bank, key, tally, staged };
}

async function readToEnd(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks) continue;
}
