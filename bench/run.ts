/** `npm run bench`: runs the measures and prints a table of ratios. */
import { Command, Option } from "commander";

import { runUntilStopped } from "./until-stopped";
import { measureGrowth } from "./growth";
import type { Row } from "./measure";
import { type MeasureName, measures } from "./measures";
import { explain, profile } from "./profile";
import { describe, factsOf, progress, ratioTable, RESULTS, writeResults } from "./report";
import { describeSizes, type SizeFlags, type Sizes, sizesOf, withRatioSizes, withSizes } from "./sizes";
import { compare } from "./statistics";
import { World } from "./world";

interface Flags extends SizeFlags {
  readonly only?: readonly MeasureName[];
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
      else await measureAll(world, sizes, flags, directory, log);
    } finally {
      await world.stop();
    }
  });
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
  await writeResults(directory, "latest", {
    title: "Benchmark",
    text,
    data: { facts, sizes, ...(nodeFlags && { nodeFlags }), results },
  });
}

void main();
