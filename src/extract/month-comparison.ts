/**
 * What would change if a published month were restated, bank by bank and row by row. It reads the published files by
 * version and the month's rows again, through the same snapshot; it runs only if somebody asks, or a run is refused.
 */
import { CsvProblem, csvRecords } from "../platform/format/csv-reader";
import type { LineEnding } from "../platform/format/csv";
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Row } from "../platform/database/row-stream";
import type { Month } from "../platform/month";
import { differencesOf } from "../platform/publication/publication";
import { belongsTo, type ExtractDefinition } from "./definition";
import type { BankRowChange, FileComparison, MonthComparison } from "./changes";
import { compareRows } from "./file-comparison";
import type { GroupedRows } from "./grouped-rows";
import type { BankFile } from "./month-files";
import type { Manifest, ManifestFile } from "./month-manifest";
import type { RowChange } from "./row-comparison";

/** How many of the largest changes are kept of each kind. */
const LARGEST = 10;

/** What is compared with what. */
export interface ComparedMonth {
  readonly definition: ExtractDefinition;
  readonly month: Month;
  readonly manifest: Manifest;
  /** In the order of the rows. */
  readonly files: readonly BankFile[];
  readonly lineEnding: LineEnding;
}

/** @param rows the month's rows, of all banks. @throws StorageError, or the statement's error. */
export async function compareMonth(
  { definition, month, manifest, files, lineEnding }: ComparedMonth,
  rows: GroupedRows,
  objects: ObjectStore,
): Promise<MonthComparison> {
  const { changed, dropped } = differencesOf<BankFile, ManifestFile>(files, manifest.files);
  const published = new Map(changed.map((each) => [each.made.key, each.published]));
  const largest = { month: new Largest(), window: new Largest() };
  const compared: FileComparison[] = [];
  const compare = async (bankId: number, bankName: string, file: ManifestFile | undefined, now: Batches) => {
    const found = await compareFile(definition, file, now, lineEnding, objects, (change) => {
      largest[change.kind === "window" ? "window" : "month"].add(change.size, { bankId, bankName, change });
    });
    compared.push({ bankId, bankName, ...found });
  };
  for (const { bank, key } of files) {
    const { batches } = rows.take(belongsTo(definition, bank, month));
    if (published.has(key)) await compare(bank.id, bank.name, published.get(key), batches);
    // Whatever the comparison left: the next bank's rows come after.
    for await (const _ of batches) continue;
  }
  for (const file of dropped) await compare(file.bankId, file.bankName, file, noRows());
  return {
    revision: manifest.revision,
    files: compared,
    largest: { month: largest.month.changes, window: largest.window.changes },
  };
}

type Batches = AsyncIterable<readonly Row[]>;

async function compareFile(
  definition: ExtractDefinition,
  file: ManifestFile | undefined,
  now: Batches,
  lineEnding: LineEnding,
  objects: ObjectStore,
  report: (change: RowChange) => void,
): Promise<Omit<FileComparison, "bankId" | "bankName">> {
  const bytes = file === undefined ? noBytes() : await objects.open(file.key, file.versionId);
  if (file !== undefined && bytes === undefined)
    return { problem: `${file.key} is gone: there is no version ${file.versionId ?? "of it"}` };
  const ending = new LineEndings(bytes ?? noBytes());
  try {
    const content = await compareRows(definition, csvRecords(ending), now, report);
    const { rows, columns, order } = content;
    const isSame = Object.values(rows).every((count) => count === 0) && (columns ?? order) === undefined;
    if (!isSame || file === undefined) return content;
    return { ...content, form: ending.found === lineEnding ? "quotes" : "line ending" };
  } catch (error) {
    if (error instanceof CsvProblem)
      return { problem: `${file?.key ?? ""} is not a CSV file: ${error.message}` };
    throw error;
  }
}

/** Bytes of a CSV file that pass through, and the line ending of its first line, which has no line break in quotes. */
class LineEndings implements AsyncIterable<Buffer> {
  found: LineEnding | undefined;

  constructor(private readonly bytes: AsyncIterable<Buffer>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    let previous: number | undefined;
    for await (const chunk of this.bytes) {
      const at = this.found === undefined ? chunk.indexOf("\n") : -1;
      if (at !== -1) this.found = (at === 0 ? previous : chunk[at - 1]) === 0x0d ? "\r\n" : "\n";
      previous = chunk.at(-1);
      yield chunk;
    }
  }
}

interface Ranked {
  readonly bankId: number;
  readonly bankName: string;
  readonly change: RowChange;
}

/** The largest of any number of changes. */
class Largest {
  readonly #kept: { readonly size: bigint; readonly ranked: Ranked }[] = [];

  add(size: bigint, ranked: Ranked): void {
    const at = this.#kept.findIndex((each) => each.size < size);
    this.#kept.splice(at === -1 ? this.#kept.length : at, 0, { size, ranked });
    if (this.#kept.length > LARGEST) this.#kept.pop();
  }

  get changes(): BankRowChange[] {
    return this.#kept.map(({ ranked: { bankId, bankName, change } }) => {
      const { kind, key, columns } = change;
      return { bankId, bankName, kind, key, columns };
    });
  }
}

async function* noRows(): AsyncGenerator<readonly Row[]> {
  // A bank that is no longer in the source has none.
}

async function* noBytes(): AsyncGenerator<Buffer> {
  // A bank without a published file: all of its rows are new.
}
