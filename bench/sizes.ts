/** The sizes that are measured: usual, large and smallest, and the flags that change them. */
import { type Command, InvalidArgumentError } from "commander";

/** The size of a database. */
export interface LoanSizes {
  readonly loans: number;
  readonly accounts: number;
  readonly branches: number;
  readonly banks: number;
}

export interface Sizes extends LoanSizes {
  /** The number of timed runs of each side. */
  readonly runs: number;
  /** The numbers of loans in the months of the measure `stream`, the smallest first. */
  readonly rows: readonly number[];
  /** The number of months in the range. */
  readonly months: number;
  /** The number of banks in the measure `banks`. */
  readonly manyBanks: number;
  /** How long a slow S3 takes for each request. */
  readonly latencyMs: number;
  /** The file that the results are saved in, without its ending. */
  readonly results: string;
  /** The ratios to reach by the measures that depend on the number of loans. */
  readonly limits: Readonly<Record<"run" | "query" | "range" | "banks", number>>;
}

/** These take about ten minutes on two idle cores. */
const usual: Sizes = {
  loans: 2_000_000,
  accounts: 200_000,
  branches: 3000,
  banks: 3,
  runs: 5,
  rows: [1_000_000, 5_000_000],
  months: 24,
  manyBanks: 300,
  latencyMs: 20,
  results: "latest",
  limits: { run: 1.35, query: 1.3, range: 0.25, banks: 2 },
};

const large: Partial<Sizes> = {
  loans: 20_000_000,
  accounts: 2_000_000,
  rows: [1_000_000, 5_000_000, 20_000_000],
  results: "large",
  limits: { run: 1.1, query: 1.3, range: 0.25, banks: 1.3 },
};

/** Everything once and as small as possible, only to show that the benchmark works. */
const smoke: Partial<Sizes> = {
  loans: 20_000,
  accounts: 2000,
  branches: 60,
  runs: 1,
  rows: [2000, 10_000],
  months: 3,
  manyBanks: 30,
  latencyMs: 2,
};

export interface SizeFlags extends Partial<Sizes> {
  readonly large?: true;
  readonly smoke?: true;
}

/** Adds the flags for the sizes that all commands share. */
export function withSizes(command: Command): Command {
  return command
    .option("--loans <count>", `loans in five years (${count(usual.loans)})`, whole)
    .option("--accounts <count>", `accounts, one per client (${count(usual.accounts)})`, whole)
    .option("--branches <count>", `branches (${count(usual.branches)})`, whole)
    .option("--banks <count>", `banks (${usual.banks})`, whole)
    .option("--runs <count>", `timed runs of each side, after a warm-up (${usual.runs})`, whole)
    .option("--large", "20 million loans, 2 million accounts, and also a month of 20 million rows")
    .option("--smoke", "tiny sizes, without saving results, to see whether the benchmark works");
}

/** Adds the flags for the sizes that only the table of ratios needs. */
export function withRatioSizes(command: Command): Command {
  return command
    .option(
      "--rows <count...>",
      `loans in the months of the measure "stream" (${usual.rows.join(" ")})`,
      wholes,
    )
    .option("--months <count>", `months in the measure "range" (${usual.months})`, whole)
    .option("--many-banks <count>", `banks in the measure "banks" (${usual.manyBanks})`, whole)
    .option("--latency-ms <ms>", `time per request of a slow S3 (${usual.latencyMs})`, wholeOrZero);
}

export function sizesOf(flags: SizeFlags): Sizes {
  const given = Object.fromEntries(
    Object.keys(usual).flatMap((name) => {
      const size = flags[name as keyof Sizes];
      return size === undefined ? [] : [[name, size]];
    }),
  );
  return { ...usual, ...(flags.large && large), ...(flags.smoke && smoke), ...given };
}

/** A number with separators between thousands. */
export function count(number: number): string {
  return number.toLocaleString("en");
}

/** The sizes of a database and the number of runs, in words. */
export function describeSizes({ loans, accounts, branches, banks, runs }: Sizes): string {
  return (
    `${count(loans)} loans in five years, ${count(accounts)} accounts, ${count(branches)} branches, ${banks} banks. ` +
    `${runs} timed ${runs === 1 ? "run" : "runs"} of each side in turns, after one warm-up each.`
  );
}

function wholeOrZero(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError("Expected a whole number.");
  }
  return number;
}

function whole(text: string): number {
  const number = wholeOrZero(text);
  if (number === 0) throw new InvalidArgumentError("Expected at least 1.");
  return number;
}

function wholes(text: string, before: readonly number[] | undefined): number[] {
  return [...(before ?? []), whole(text)];
}
