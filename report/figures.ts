/** All figures of the report, read from the publications alone: first the manifests, then one file after another. */
import { version as programVersion } from "../package.json";
import { findManifest, type FoundManifest, type Manifest } from "../src/extract/month-manifest";
import type { PublishedMonths } from "../src/extract/run";
import { type FileStatus, type MonthStatus, statusOf } from "../src/extract/status";
import type { Lake } from "../src/lake/lake-month";
import { addMonths, type Month, monthRange } from "../src/platform/month";
import type { Mover } from "./averages";
import type { BankFigures, BankPoint, Overview, OverviewLine } from "./bank-figures";
import { type LakeFigures, lakeProblems, readLake } from "./lake";
import { extractCommand, missingMonths, type Problem } from "./problems";
import { isWithAverages, Reading } from "./reading";
import { type Remark, remarksOf } from "./remarks";
import { type Restatement, readRestatements } from "./restatements";
import { staleWindows } from "./windows";

export interface Figures {
  readonly extract: string;
  /** The extract's folder in the bucket, with the prefix. */
  readonly location: string;
  readonly madeAt: Date;
  readonly programVersion: string;
  readonly months: readonly MonthFigures[];
  /** Undefined if nothing is published. */
  readonly overview: Overview | undefined;
  /** All banks together. */
  readonly all: BankFigures;
  /** Ordered by id. */
  readonly banks: readonly BankFigures[];
  /** Whether the extract has moving averages. */
  readonly hasAverages: boolean;
  readonly remarks: readonly Remark[];
  /** The largest change first; undefined if the extract has no averages, or fewer than two months with loans. */
  readonly movers: readonly Mover[] | undefined;
  /** The first and the last month with loans in its window, which the changes are between. */
  readonly ends: readonly [Month, Month] | undefined;
  readonly restatements: readonly Restatement[];
  /** Undefined if no lake is set. */
  readonly lake: LakeFigures | undefined;
  readonly problems: readonly Problem[];
  readonly fileCount: number;
}

export type MonthFigures = Omit<MonthStatus, "problems"> & {
  readonly totals?: Manifest["totals"];
  readonly quality?: Manifest["quality"];
  /** Of a withdrawn month: who withdrew it and why. */
  readonly by?: string;
  readonly reason?: string;
};

/** What the report can show beside the published files. */
export interface Beside {
  /** The lake, if its settings are there. */
  readonly lake?: Pick<Lake, "lineage">;
}

const MOVERS = 10;
const YEAR = 12;

/** @param observe is called with what is being read. */
export async function readFigures(
  { objects, output, request }: PublishedMonths,
  madeAt: Date,
  observe: (step: string) => void,
  beside: Beside = {},
): Promise<Figures> {
  const { definition, months } = request;
  const { bucket, layout } = output;
  const [from, to] = [months[0], months.at(-1) ?? months[0]];
  const found = new Map<Month, FoundManifest>();
  const manifests = new Map<Month, Manifest>();
  const lookAt = async (month: Month) => {
    if (found.has(month)) return;
    const manifest = await findManifest(objects, layout, definition, month);
    found.set(month, manifest);
    if (manifest.state === "readable" && manifest.manifest.state === "published")
      manifests.set(month, manifest.manifest);
  };
  // The windows of the first months start before the range.
  for (const month of monthRange(addMonths(from, 1 - definition.windowMonths), to)) await lookAt(month);
  const published = months.filter((month) => manifests.has(month));
  const newest = published.at(-1);
  // What the newest month is compared with may be before the range.
  const compared = newest === undefined ? [] : [addMonths(newest, -YEAR), addMonths(newest, -1)];
  for (const month of compared) await lookAt(month);

  const ends = endsOf(published, manifests);
  const reading = new Reading(objects, definition, ends);
  for (const month of compared.filter((each) => !months.includes(each))) {
    const manifest = manifests.get(month);
    observe(`reading ${month}`);
    if (manifest !== undefined) await reading.readMonth(month, manifest);
  }
  const monthFigures: MonthFigures[] = [];
  const restatements: Restatement[] = [];
  const displaced: Problem[] = [];
  for (const month of months) {
    observe(`reading ${month}`);
    const manifestFound = found.get(month);
    if (manifestFound === undefined) continue;
    const { problems, ...status } = await statusOf(objects, definition, month, manifestFound);
    const command = manifestFound.state === "readable" ? extractCommand(definition, month) : undefined;
    displaced.push(...problems.map((what) => ({ what, ...(command !== undefined && { command }) })));
    if (manifestFound.state === "readable")
      restatements.push(...(await readRestatements(objects, definition, manifestFound.manifest)));
    const manifest = manifests.get(month);
    const files = manifest === undefined ? [] : await reading.readMonth(month, manifest);
    monthFigures.push({ ...status, files: atTheirPlace(files, status.files), ...toldOf(manifestFound) });
  }
  const hasAverages = published.some((month) => isWithAverages(manifests.get(month)));
  const { all, each: banks } = reading.banks(months);
  const lake =
    beside.lake === undefined
      ? undefined
      : await readLake(beside.lake, definition.name, months, (month) => revisionOf(found.get(month)));
  return {
    extract: definition.name,
    location: `s3://${bucket.bucket}/${layout.prefix}${definition.folder}`,
    madeAt,
    programVersion,
    months: monthFigures,
    overview: newest === undefined ? undefined : overviewOf(reading, newest),
    ...{ all, banks, hasAverages },
    remarks: newest === undefined ? [] : remarksIn(reading, months, newest),
    movers: hasAverages && ends !== undefined ? reading.movers().slice(0, MOVERS) : undefined,
    ends,
    restatements,
    lake,
    problems: [
      ...missingMonths(
        definition,
        months.filter((month) => found.get(month)?.state === "missing"),
      ),
      ...displaced,
      ...reading.problems,
      ...staleWindows(definition, months, manifests, (bankId, month) => reading.windowOf(bankId, month)),
      ...(lake === undefined ? [] : lakeProblems(lake)),
    ],
    fileCount: reading.fileCount,
  };
}

/** The first and the last published month with loans in its window: a month without any has no averages to compare. */
function endsOf(
  published: readonly Month[],
  manifests: ReadonlyMap<Month, Manifest>,
): readonly [Month, Month] | undefined {
  const withLoans = published.filter((month) => {
    const totals = manifests.get(month)?.totals;
    return BigInt(totals?.["windowLoanCount"] ?? totals?.["loanCount"] ?? 0) > 0n;
  });
  const [first, last] = [withLoans[0], withLoans.at(-1)];
  return first === undefined || last === undefined || first === last ? undefined : [first, last];
}

/** In the range; in its newest month even if the month before is not in the range. */
function remarksIn(reading: Reading, months: readonly Month[], newest: Month): Remark[] {
  const before = addMonths(newest, -1);
  const { all, each } = reading.banks(months.includes(before) ? months : [before, ...months]);
  return remarksOf(each.length > 1 ? [all, ...each] : each);
}

function overviewOf(reading: Reading, month: Month): Overview {
  const [monthBefore, yearBefore] = [addMonths(month, -1), addMonths(month, -YEAR)];
  const { all, each } = reading.banks([month, monthBefore, yearBefore]);
  return { month, monthBefore, yearBefore, all: lineOf(all), banks: each.map(lineOf) };
}

/** @param bank with a point for each of the three months. */
function lineOf({ id, name, points }: BankFigures): OverviewLine {
  const [now, monthBefore, yearBefore] = points as readonly [BankPoint, BankPoint, BankPoint];
  return { id, name, now, monthBefore, yearBefore };
}

/** What the manifest states of the month. */
function toldOf(found: FoundManifest): Pick<MonthFigures, "totals" | "quality" | "by" | "reason"> {
  if (found.state !== "readable") return {};
  const { state, totals, quality, by, reason } = found.manifest;
  if (state === "published") return { totals, quality };
  return { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
}

function revisionOf(found: FoundManifest | undefined): number | undefined {
  return found?.state === "readable" ? found.manifest.revision : undefined;
}

/** The status of each file after reading it. An intact file whose key holds something else stays `unverified`. */
function atTheirPlace(read: readonly FileStatus[], found: readonly FileStatus[]): FileStatus[] {
  const displaced = new Set(found.filter(({ status }) => status === "unverified").map(({ key }) => key));
  return read.map((file) =>
    file.status === "verified" && displaced.has(file.key) ? { ...file, status: "unverified" } : file,
  );
}
