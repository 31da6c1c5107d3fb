/** `npm run bench`: flags in, measures in turns, a table of ratios out. */
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
    .description("Measures the program against the least that its work can cost, on a local stack.")
    .addOption(new Option("--only <measure...>", "measure these alone").choices(Object.keys(measures)));
  return withRatioSizes(withSizes(command))
    .option("--node-flags <flags>", "for the handler's process, such as --max-old-space-size=100")
    .option("--growth", "instead: time and memory by loans and branches")
    .option("--explain", "instead: EXPLAIN (ANALYZE, BUFFERS) of the statements")
    .option("--cpu-prof", "instead: a CPU profile of the handler for each extract")
    .addHelpText("after", "\nbench/README.md says what each measure means.");
}

async function main(): Promise<void> {
  const flags = program().parse().opts<Flags>();
  const sizes = sizesOf(flags);
  await runUntilStopped("npm run bench -- --help", async (signal) => {
    const tell = progress();
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
  const text = [
    `${describeSizes(sizes)}${nodeFlags === undefined ? "" : ` The handler's Node.js with ${nodeFlags}.`}`,
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
