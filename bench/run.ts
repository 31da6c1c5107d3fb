/** `npm run bench`: runs the measures and prints a table of ratios. */
import { Command, Option } from "commander";

import { runUntilStopped } from "./until-stopped";
import { measureGrowth } from "./growth";
import type { Row } from "./measure";
import { type MeasureName, measures } from "./measures";
import { explain, profile } from "./profile";
import { describe, factsOf, progress, ratioTable, RESULTS, writeResults } from "./report";
import { describeSizes, type SizeFlags, type Sizes, sizesOf, withRatioSizes, withSizes } from "./sizes";
import { changeFrom } from "./measures/change";
import { compare } from "./statistics";
import { World } from "./world";

interface Flags extends SizeFlags {
  readonly only?: readonly MeasureName[];
  readonly basePackage?: string;
  readonly nodeFlags?: string;
  readonly growth?: true;
  readonly explain?: true;
  readonly cpuProf?: true;
}

function program(): Command {
  const command = new Command("npm run bench --")
    .description("Compares the program with the minimum that its work costs, on a local stack.")
    .addOption(new Option("--only <measure...>", "run only these measures").choices(Object.keys(measures)));
  return withRatioSizes(withSizes(command))
    .option(
      "--node-flags <flags>",
      "Node.js flags for the handler's process, such as --max-old-space-size=100",
    )
    .option(
      "--base-package <zip>",
      "instead, compare the monthly run with that of another package, and fail if it takes 1.2 times as long",
    )
    .option("--growth", "instead, measure time and memory by loans and branches")
    .option("--explain", "instead, print EXPLAIN (ANALYZE, BUFFERS) of the statements")
    .option("--cpu-prof", "instead, save a CPU profile of the handler for each extract")
    .addHelpText("after", "\nbench/README.md explains each measure.");
}

async function main(): Promise<void> {
  const flags = program().parse().opts<Flags>();
  const sizes = sizesOf(flags);
  await runUntilStopped("npm run bench -- --help", async (signal) => {
    const log = progress();
    const world = await World.start(flags.nodeFlags?.split(/\s+/) ?? [], log, signal);
    // The results of a smoke test mean nothing, so they are deleted with the other temporary files.
    const directory = flags.smoke ? world.directory : RESULTS;
    try {
      if (flags.explain) await explain(world, sizes);
      else if (flags.cpuProf) await profile(world, sizes, directory, log);
      else if (flags.growth) await measureGrowth(world, sizes, directory, log, flags.smoke === true);
      else if (flags.basePackage) await compareWith(flags.basePackage, world, sizes, log);
      else await measureAll(world, sizes, flags, directory, log);
    } finally {
      await world.stop();
    }
  });
}

/** Prints the comparison, and fails if its limit is not met. Saves nothing: only the difference matters. */
async function compareWith(
  zip: string,
  world: World,
  sizes: Sizes,
  log: (line: string) => void,
): Promise<void> {
  const facts = await factsOf(world);
  const rows = await changeFrom(zip)(world, sizes, log);
  process.stdout.write(`${[describeSizes(sizes), describe(facts), ratioTable(rows)].join("\n\n")}\n`);
  if (rows.some(({ ours, base, limit }) => compare(ours, base).ratio > limit)) process.exitCode = 1;
}

async function measureAll(
  world: World,
  sizes: Sizes,
  { only, nodeFlags }: Flags,
  directory: string,
  log: (line: string) => void,
): Promise<void> {
  const facts = await factsOf(world);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(measures)) {
    if (only !== undefined && !only.some((each) => each === name)) continue;
    rows.push(...(await measure(world, sizes, (line) => log(`${name}: ${line}`))));
  }
  const text = [
    `${describeSizes(sizes)}${nodeFlags === undefined ? "" : ` Node.js flags of the handler: ${nodeFlags}.`}`,
    describe(facts),
    ratioTable(rows),
  ].join("\n\n");
  const results = rows.map((row) => ({ ...row, ...compare(row.ours, row.base) }));
  await writeResults(directory, sizes.results, {
    title: "Benchmark",
    text,
    data: { facts, sizes, ...(nodeFlags && { nodeFlags }), results },
  });
}

void main();
