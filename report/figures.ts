/** All that the report tells, read from what is published: first the manifests, then file by file. It knows no database. */
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
  /** With its prefix, as a reader would name it. */
  readonly location: string;
  readonly madeAt: Date;
  readonly programVersion: string;
  readonly months: readonly MonthFigures[];
  /** In the order of their ids. */
  readonly banks: readonly BankFigures[];
  /** Those that changed most first; undefined if the extract has no averages or the range no two months. */
  readonly movers: readonly Mover[] | undefined;
  /** The first and the last published month, between which branches moved. */
  readonly ends: readonly [Month, Month] | undefined;
  readonly restatements: readonly Restatement[];
  /** None if all is as it should be. */
  readonly problems: readonly Problem[];
  readonly fileCount: number;
}

/** What a reader should look into. */
export interface Problem {
  readonly what: string;
  /** Bank by bank. */
  readonly details?: readonly string[];
}

export type MonthFigures = Omit<MonthStatus, "problems"> & {
  readonly totals?: Manifest["totals"];
  readonly quality?: Manifest["quality"];
};

export interface BankFigures {
  readonly id: number;
  readonly name: string;
  /** A point a month of the range. */
  readonly points: readonly AveragePoint[];
}

export interface AveragePoint {
  readonly month: Month;
  /** Undefined where nothing is published, nothing was lent, or it can't be told. */
  readonly average: Hundredths | undefined;
  readonly windowLoanCount: bigint | undefined;
}

const MOVERS = 10;

/** @param observe hears what is being read. */
export async function readFigures(
  { objects, output, request }: PublishedMonths,
  madeAt: Date,
  observe: (doing: string) => void,
): Promise<Figures> {
  const { definition, months } = request;
  const { bucket, layout } = output;
  const manifests = new Map<Month, Manifest>();
  const found = new Map<Month, FoundManifest>();
  const lookAt = async (month: Month) => {
    const manifest = await findManifest(objects, layout, definition, month);
    found.set(month, manifest);
    if (manifest.state === "readable") manifests.set(month, manifest.manifest);
  };
  // The windows of the first months begin before them.
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
    if (manifest === undefined) {
      monthFigures.push(status);
      continue;
    }
    const files: FileStatus[] = [];
    for (const file of manifest.files) files.push(await reading.read(month, manifest, file));
    const { totals, quality } = manifest;
    monthFigures.push({ ...status, files: atTheirPlace(files, status.files), totals, quality });
    restatements.push(...(await readRestatements(objects, definition, manifest)));
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

/** What was read of each file; one that is whole but not in its place stays what it was found to be. */
function atTheirPlace(read: readonly FileStatus[], found: readonly FileStatus[]): FileStatus[] {
  const displaced = new Set(found.filter(({ status }) => status === "unverified").map(({ key }) => key));
  return read.map((file) =>
    file.status === "verified" && displaced.has(file.key) ? { ...file, status: "unverified" } : file,
  );
}

/** Goes through the files once and keeps a line a bank and month, and of the branches what they had at both ends. */
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
      const what = became === "gone" ? "is gone" : "is not what its manifest says";
      this.problems.push({ what: `${key} of ${month} ${what}: its figures are not in this report.` });
      return { bankId, bankName, key, status: "damaged" };
    }
    this.fileCount += 1;
    if (withAverages) this.#windows.set(`${bankId} ${month}`, window);
    if (isEnd) this.#branches.set(`${bankId} ${month}`, branches);
    if (!window.isExact) {
      this.problems.push({
        what: `${bankName}, ${month}: some loans have no amount, and the file does not tell how many of which branch, so there is no average.`,
      });
    }
    return { bankId, bankName, key, status: "verified" };
  }

  /** A window that says other than the months that it is made of was made before one of them was restated. */
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
          `${month}: its averages rest on other loans than the files from ${from} to ${month} have now. ` +
          `A month before it was restated later, or branches changed hands: restate ${month} too.`,
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

/** What a bank has in these months taken together; undefined if one of them, or its file, is not there. */
function totalsOf(
  definition: ExtractDefinition,
  bankId: number,
  months: readonly (Manifest | undefined)[],
): LoanTotals | undefined {
  const files = months.map((manifest) => manifest?.files.find((each) => each.bankId === bankId));
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
    formatChange(then.loanCount, now.loanCount, "loans", "as many loans"),
    formatChange(then.loanTotal, now.loanTotal, "in all", "the same in all"),
  ].join(", ");
}
