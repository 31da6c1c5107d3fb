/** All figures of the report, read from the publications alone: first the manifests, then one file after another. */
import { version as programVersion } from "../package.json";
import { addTotals, type ExtractDefinition, parseTotals } from "../src/extract/definition";
import { type LoanTotals, loanTotals } from "../src/extract/definitions/loan-reconciliation";
import {
  findManifest,
  type FoundManifest,
  type Manifest,
  type ManifestFile,
} from "../src/extract/month-manifest";
import { addMonths, type Month, monthRange } from "../src/platform/month";
import type { PublishedMonths } from "../src/extract/run";
import { type FileStatus, type MonthStatus, statusOf } from "../src/extract/status";
import type { ObjectStore } from "../src/platform/bucket/object-store";
import {
  averageColumns,
  BankWindow,
  type BranchWindow,
  branchWindow,
  type Mover,
  moversOf,
} from "./averages";
import { absolute, formatChange, type Hundredths } from "./decimal";
import { type Restatement, readRestatements } from "./restatements";
import { fieldsOf, readRows } from "./rows";

export interface Figures {
  readonly extract: string;
  /** The extract's folder in the bucket, with the prefix. */
  readonly location: string;
  readonly madeAt: Date;
  readonly programVersion: string;
  readonly months: readonly MonthFigures[];
  /** Ordered by id. */
  readonly banks: readonly BankFigures[];
  /** The largest change first; undefined if the extract has no averages, or fewer than two months are published. */
  readonly movers: readonly Mover[] | undefined;
  /** The first and the last published month, which the changes are between. */
  readonly ends: readonly [Month, Month] | undefined;
  readonly restatements: readonly Restatement[];
  readonly problems: readonly Problem[];
  readonly fileCount: number;
}

/** Something that an operator should look at. */
export interface Problem {
  readonly what: string;
  /** One per bank. */
  readonly details?: readonly string[];
}

export type MonthFigures = Omit<MonthStatus, "problems"> & {
  readonly totals?: Manifest["totals"];
  readonly quality?: Manifest["quality"];
};

export interface BankFigures {
  readonly id: number;
  readonly name: string;
  /** One per month of the range. */
  readonly points: readonly AveragePoint[];
}

export interface AveragePoint {
  readonly month: Month;
  /** Undefined if nothing is published or lent, or the file does not determine it. */
  readonly average: Hundredths | undefined;
  readonly windowLoanCount: bigint | undefined;
}

const MOVERS = 10;

/** @param observe is called with what is being read. */
export async function readFigures(
  { objects, output, request }: PublishedMonths,
  madeAt: Date,
  observe: (step: string) => void,
): Promise<Figures> {
  const { definition, months } = request;
  const { bucket, layout } = output;
  const manifests = new Map<Month, Manifest>();
  const found = new Map<Month, FoundManifest>();
  const lookAt = async (month: Month) => {
    const manifest = await findManifest(objects, layout, definition, month);
    found.set(month, manifest);
    if (manifest.state === "readable" && manifest.manifest.state === "published")
      manifests.set(month, manifest.manifest);
  };
  // The windows of the first months start before the range.
  const lead = addMonths(months[0], 1 - definition.windowMonths);
  for (const month of monthRange(lead, months.at(-1) ?? months[0])) await lookAt(month);

  const published = months.filter((month) => manifests.has(month));
  const [first, last] = [published[0], published.at(-1)];
  const ends =
    first === undefined || last === undefined || first === last ? undefined : ([first, last] as const);

  const reading = new Reading(objects, definition, ends);
  const monthFigures: MonthFigures[] = [];
  const restatements: Restatement[] = [];
  for (const month of months) {
    observe(`reading ${month}`);
    const manifest = manifests.get(month);
    const manifestFound = found.get(month);
    if (manifestFound === undefined) continue;
    const { problems, ...status } = await statusOf(objects, definition, month, manifestFound);
    reading.problems.push(...problems.map((what) => ({ what })));
    if (manifestFound.state === "readable")
      restatements.push(...(await readRestatements(objects, definition, manifestFound.manifest)));
    if (manifest === undefined) {
      monthFigures.push(status);
      continue;
    }
    const files: FileStatus[] = [];
    for (const file of manifest.files) files.push(await reading.read(month, manifest, file));
    const { totals, quality } = manifest;
    monthFigures.push({ ...status, files: atTheirPlace(files, status.files), totals, quality });
  }
  reading.compareWindows(manifests);

  const hasAverages = published.some((month) => isWithAverages(manifests.get(month)));
  return {
    extract: definition.name,
    location: `s3://${bucket.bucket}/${layout.prefix}${definition.folder}`,
    madeAt,
    programVersion,
    months: monthFigures,
    banks: hasAverages ? reading.banks(months) : [],
    movers: hasAverages && ends !== undefined ? reading.movers().slice(0, MOVERS) : undefined,
    ends,
    restatements,
    problems: reading.problems,
    fileCount: reading.fileCount,
  };
}

function isWithAverages(manifest: Manifest | undefined): boolean {
  return manifest !== undefined && averageColumns.every((column) => manifest.columns.includes(column));
}

/** The status of each file after reading it. An intact file whose key holds something else stays `unverified`. */
function atTheirPlace(read: readonly FileStatus[], found: readonly FileStatus[]): FileStatus[] {
  const displaced = new Set(found.filter(({ status }) => status === "unverified").map(({ key }) => key));
  return read.map((file) =>
    file.status === "verified" && displaced.has(file.key) ? { ...file, status: "unverified" } : file,
  );
}

/** Reads each file once. Keeps one window per bank and month, and the branches of the first and the last month. */
class Reading {
  readonly problems: Problem[] = [];
  fileCount = 0;
  readonly #names = new Map<number, string>();
  readonly #windows = new Map<string, BankWindow>();
  readonly #branches = new Map<string, Map<string, BranchWindow>>();

  constructor(
    private readonly objects: ObjectStore,
    private readonly definition: ExtractDefinition,
    private readonly ends: readonly [Month, Month] | undefined,
  ) {}

  async read(month: Month, manifest: Manifest, file: ManifestFile): Promise<FileStatus> {
    const { bankId, bankName, key } = file;
    this.#names.set(bankId, bankName);
    const window = new BankWindow();
    const branches = new Map<string, BranchWindow>();
    const [withAverages, isEnd] = [isWithAverages(manifest), this.ends?.includes(month) === true];
    const onRow = (row: readonly string[], columns: readonly string[]) => {
      const branch = branchWindow(fieldsOf(row, columns));
      window.add(branch);
      if (isEnd) branches.set(branch.branchId, branch);
    };
    const became = await readRows(this.objects, file, withAverages ? onRow : undefined);
    if (became !== "whole") {
      const what = became === "gone" ? "is missing" : "does not match its manifest";
      this.problems.push({ what: `${month}: ${key} ${what}, so its figures are not in this report.` });
      return { bankId, bankName, key, status: "damaged" };
    }
    this.fileCount += 1;
    if (withAverages) this.#windows.set(`${bankId} ${month}`, window);
    if (isEnd) this.#branches.set(`${bankId} ${month}`, branches);
    if (!window.isExact) {
      this.problems.push({
        what: `${month}: ${bankName} has no average, because some loans have no amount and the file does not show how many.`,
      });
    }
    return { bankId, bankName, key, status: "verified" };
  }

  /** Finds windows that differ from the sum of their months, as happens when one of these months is restated later. */
  compareWindows(manifests: ReadonlyMap<Month, Manifest>): void {
    for (const [month, { files }] of manifests) {
      const from = addMonths(month, 1 - this.definition.windowMonths);
      const parts = monthRange(from, month).map((each) => manifests.get(each));
      const stale = files.flatMap(({ bankId, bankName }) => {
        const window = this.#windows.get(`${bankId} ${month}`);
        const now = totalsOf(this.definition, bankId, parts);
        if (window === undefined || now === undefined) return [];
        if (window.loanCount === now.loanCount && window.loanTotal === now.loanTotal) return [];
        return [`${bankName}: ${differences(window, now)}`];
      });
      if (stale.length === 0) continue;
      this.problems.push({
        what:
          `${month}: its averages do not match the loans in the files from ${from} to ${month}. ` +
          `An earlier month was restated later, or branches moved to another bank. Restate ${month} too.`,
        details: stale,
      });
    }
  }

  banks(months: readonly Month[]): BankFigures[] {
    return [...this.#names]
      .sort(([one], [other]) => one - other)
      .map(([id, name]) => ({
        id,
        name,
        points: months.map((month) => {
          const window = this.#windows.get(`${id} ${month}`);
          return { month, average: window?.average, windowLoanCount: window?.loanCount };
        }),
      }));
  }

  movers(): Mover[] {
    if (this.ends === undefined) return [];
    const [first, last] = this.ends;
    const nothing = new Map<string, BranchWindow>();
    return [...this.#names]
      .flatMap(([id, name]) =>
        moversOf(
          name,
          this.#branches.get(`${id} ${first}`) ?? nothing,
          this.#branches.get(`${id} ${last}`) ?? nothing,
        ),
      )
      .sort((one, other) => Number(absolute(other.changePerMille) - absolute(one.changePerMille)));
  }
}

/** A bank's totals of these months together; undefined if one of them, or the bank's file in it, is missing. */
function totalsOf(
  definition: ExtractDefinition,
  bankId: number,
  months: readonly (Manifest | undefined)[],
): LoanTotals | undefined {
  const files = months.map((manifest) => manifest?.files.find((file) => file.bankId === bankId));
  const found = files.filter((file) => file !== undefined);
  if (found.length < files.length) return undefined;
  return loanTotals(
    addTotals(
      definition,
      found.map((file) => parseTotals(definition, file)),
    ),
  );
}

function differences(then: LoanTotals, now: LoanTotals): string {
  return [
    formatChange(then.loanCount, now.loanCount, "loans", "the same number of loans"),
    formatChange(then.loanTotal, now.loanTotal, "in total", "the same total"),
  ].join(", ");
}
