/**
 * `npm run bench:peers`: compares the program with other programs that compute the same figures from the same data. It
 * needs tools besides Node.js, and names those that are missing.
 */
import { pipeline } from "node:stream/promises";

import { Command } from "commander";
import { parse } from "csv-parse";

import { runUntilStopped } from "../until-stopped";
import { columnNames } from "../../src/extract/definition";
import { loanMovingAverage } from "../../src/extract/definitions/loan-moving-average";
import { DidNotRun } from "../../tests/support/python";
import { describe, factsOf, figure, markdownTable, progress, RESULTS, writeResults } from "../report";
import { describeSizes, type SizeFlags, sizesOf, withSizes } from "../sizes";
import { compare, median } from "../statistics";
import { inTurns } from "../turns";
import { World } from "../world";
import { ours, type Peer, type PeerRun, pipe, spark } from "./peers";

async function main(): Promise<void> {
  const flags = withSizes(new Command("npm run bench:peers --"))
    .description("Compares the program with PySpark over JDBC and with psql piped into aws s3 cp.")
    .addHelpText(
      "after",
      "\nNeeds python3, java and psql. Installs packages from PyPI and Maven Central into the user's cache.",
    )
    .parse()
    .opts<SizeFlags>();
  const sizes = sizesOf(flags);
  await runUntilStopped("npm run bench:peers -- --help", async (signal) => {
    const log = progress();
    const peers = await ready([ours(sizes.branches), spark(), pipe()]);
    const world = await World.start([], log, signal);
    try {
      const facts = await factsOf(world);
      const database = await world.databases.loans(sizes);
      const samples = await inTurns(sizes.runs, log, contenders(peers, world, database));
      const durations = peers.map(({ name }) => (samples[name] ?? []).map(({ durationMs }) => durationMs));
      const results = peers.map(({ name, note }, at) => ({
        ...{ name, note },
        durationsMs: durations[at] ?? [],
        worksMs: (samples[name] ?? []).map(({ workMs }) => workMs),
        against: compare(durations[at] ?? [], durations[0] ?? []),
      }));
      const table = markdownTable(
        ["program", "total", "work alone", "times ours", "spread", "description"],
        results.map(({ name, note, durationsMs, worksMs, against: { ratio, lowest, highest } }) => [
          name,
          figure(median(durationsMs), "ms"),
          figure(median(worksMs), "ms"),
          ratio.toFixed(2),
          `${lowest.toFixed(2)}–${highest.toFixed(2)}`,
          note,
        ]),
      );
      const text = [
        `${describeSizes(sizes)} "Total" is from the start of the process to its end; "work alone" leaves out loading Spark or the handler. All figures of all branches were equal.`,
        describe(facts),
        table,
      ].join("\n\n");
      const directory = flags.smoke ? world.directory : RESULTS;
      await writeResults(directory, "peers", { title: "Peers", text, data: { facts, sizes, results } });
    } finally {
      await world.stop();
    }
  });
}

/** The peers whose tools are installed. The others are named and make the command fail. */
async function ready(peers: readonly Peer[]): Promise<Peer[]> {
  const able: Peer[] = [];
  for (const peer of peers) {
    try {
      await peer.prepare();
      able.push(peer);
    } catch (error) {
      if (!(error instanceof DidNotRun)) throw error;
      process.stderr.write(`\n*** ${peer.name} did not run: ${error.message}. ***\n\n`);
      process.exitCode = 1;
    }
  }
  return able;
}

/** All peers by name. The first run of each must compute the same figures as the first peer. */
function contenders(peers: readonly Peer[], world: World, database: string) {
  const compared = new Set<string>();
  let expected: ReadonlyMap<string, string> | undefined;
  const compareOnce = async (name: string, run: PeerRun): Promise<void> => {
    if (compared.has(name)) return;
    compared.add(name);
    const figures = await figuresOf(run);
    expected ??= figures;
    expectSame(name, expected, figures);
  };
  return Object.fromEntries(
    peers.map((peer) => [
      peer.name,
      async (): Promise<PeerRun> => {
        const run = await peer.run(world, database);
        await compareOnce(peer.name, run);
        return run;
      },
    ]),
  );
}

/** All figures by branch, independent of the order of rows, of headers and of quotes. */
async function figuresOf({ files }: PeerRun): Promise<Map<string, string>> {
  const figures = new Map<string, string>();
  const columns: readonly string[] = columnNames(loanMovingAverage);
  const branchAt = columns.indexOf("branch_id");
  const words = ["bank_name", "branch_address"].map((name) => columns.indexOf(name));
  for await (const file of files()) {
    await pipeline(file, parse(), async (records: AsyncIterable<string[]>) => {
      for await (const record of records) {
        const branch = record[branchAt] ?? "";
        if (branch === "branch_id") continue;
        figures.set(branch, record.filter((_, at) => !words.includes(at)).join(","));
      }
    });
  }
  return figures;
}

function expectSame(
  name: string,
  expected: ReadonlyMap<string, string>,
  figures: ReadonlyMap<string, string>,
): void {
  const different = [...expected].filter(([branch, text]) => figures.get(branch) !== text);
  const [first] = different;
  if (first === undefined && figures.size === expected.size) return;
  const example = first === undefined ? "" : `: ${first[1]} against ${figures.get(first[0]) ?? "no row"}`;
  throw new Error(
    `${name} has ${figures.size} rows, and ${different.length} of the ${expected.size} expected rows differ${example}`,
  );
}

void main();
