/** `npm run bench`: flags in, measures in turns, a table of ratios out. */
import path from "node:path";

import { Command, InvalidArgumentError, Option } from "commander";

import { runUntilStopped } from "../local/terminal";
import { measureGrowth } from "./growth";
import { type MeasureName, measures, type Row, type Sizes } from "./measures";
import { explain, profile } from "./profile";
import { describe, factsOf, ratioTable, writeResults } from "./report";
import { compare } from "./statistics";
import { count, World } from "./world";

const RESULTS = path.join(__dirname, "results");

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
};

const large: Partial<Sizes> = {
  loans: 20_000_000,
  accounts: 2_000_000,
  rows: [1_000_000, 5_000_000, 20_000_000],
};

/** Everything once, as small as it goes: shows that the benchmark works, and nothing else. */
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

interface Flags extends Partial<Sizes> {
  readonly large?: true;
  readonly smoke?: true;
  readonly only?: readonly MeasureName[];
  readonly nodeFlags?: string;
  readonly growth?: true;
  readonly explain?: true;
  readonly cpuProf?: true;
}

function program(): Command {
  const names = Object.keys(measures);
  return new Command("npm run bench --")
    .description("Measures the program against what its work costs at least, on a local stack.")
    .addOption(new Option("--only <measure...>", "measure these alone").choices(names))
    .option("--loans <count>", `loans in five years (${count(usual.loans)})`, whole)
    .option("--accounts <count>", `accounts, one a client (${count(usual.accounts)})`, whole)
    .option("--branches <count>", `branches (${count(usual.branches)})`, whole)
    .option("--banks <count>", `banks (${usual.banks})`, whole)
    .option("--many-banks <count>", `banks of the measure "banks" (${usual.manyBanks})`, whole)
    .option("--rows <count...>", `loans of the months that are streamed (${usual.rows.join(" ")})`, wholes)
    .option("--months <count>", `months of the range (${usual.months})`, whole)
    .option("--runs <count>", `timed runs of each side, after a warm-up (${usual.runs})`, whole)
    .option("--latency-ms <ms>", `a request's wait at an S3 far away (${usual.latencyMs})`, whole)
    .option("--node-flags <flags>", "for the handler's process, such as --max-old-space-size=100")
    .option("--large", "20 million loans, 2 million accounts, a month of 20 million rows besides")
    .option("--smoke", "tiny sizes, no results kept: does the benchmark work?")
    .option("--growth", "instead: time and memory by loans and branches")
    .option("--explain", "instead: EXPLAIN (ANALYZE, BUFFERS) of the statements")
    .option("--cpu-prof", "instead: a CPU profile of the handler for each extract")
    .showSuggestionAfterError()
    .addHelpText("after", "\nbench/README.md says what each measure means.");
}

function whole(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError("Expected a whole number.");
  }
  return number;
}

function wholes(text: string, before: readonly number[] | undefined): number[] {
  return [...(before ?? []), whole(text)];
}

async function main(): Promise<void> {
  const flags = program().parse().opts<Flags>();
  const sizes: Sizes = { ...usual, ...(flags.large && large), ...(flags.smoke && smoke), ...given(flags) };
  const startedAt = performance.now();
  const tell = (line: string) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
  };
  await runUntilStopped("npm run bench -- --help", async (signal) => {
    const world = await World.start(flags.nodeFlags?.split(/\s+/) ?? [], tell, signal);
    // A smoke test's results say nothing, and go with it.
    const directory = flags.smoke ? world.directory : RESULTS;
    try {
      if (flags.explain) await explain(world, sizes);
      else if (flags.cpuProf) await profile(world, sizes, directory, tell);
      else if (flags.growth) await measureGrowth(world, sizes, directory, tell, flags.smoke === true);
      else await measureAll(world, sizes, flags, directory, tell);
    } finally {
      await world.stop();
    }
  });
}

function given({ loans, accounts, branches, banks, manyBanks, rows, months, runs, latencyMs }: Flags) {
  const sizes = { loans, accounts, branches, banks, manyBanks, rows, months, runs, latencyMs };
  return Object.fromEntries(Object.entries(sizes).filter(([, size]) => size !== undefined));
}

async function measureAll(
  world: World,
  sizes: Sizes,
  { only, nodeFlags }: Flags,
  directory: string,
  tell: (line: string) => void,
): Promise<void> {
  const facts = await factsOf(world);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(measures)) {
    if (only !== undefined && !only.some((each) => each === name)) continue;
    rows.push(...(await measure(world, sizes, (line) => tell(`${name}: ${line}`))));
  }
  const { loans, accounts, branches, banks, runs } = sizes;
  const text = [
    `${count(loans)} loans in five years, ${count(accounts)} accounts, ${count(branches)} branches, ${banks} banks; ${runs} runs of each side in turns, after a warm-up each${nodeFlags === undefined ? "" : `; the handler's Node.js with ${nodeFlags}`}.`,
    describe(facts),
    ratioTable(rows),
  ].join("\n\n");
  const results = rows.map((row) => ({ ...row, ...compare(row.ours, row.base), samples: row }));
  await writeResults(directory, "latest", {
    title: "Benchmark",
    text,
    data: { facts, sizes, ...(nodeFlags && { nodeFlags }), results },
  });
}

void main();
