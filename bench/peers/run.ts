/**
 * `npm run bench:peers`: the program beside other ways to the same figures, on the same data, in turns. It needs tools
 * that Node.js does not bring, and says loudly which of them are missing.
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
    .description("Times the program beside PySpark over JDBC and a pipe of psql into aws s3 cp.")
    .addHelpText(
      "after",
      "\nNeeds python3, java and psql; installs packages of PyPI and Maven into the user's cache.",
    )
    .parse()
    .opts<SizeFlags>();
  const sizes = sizesOf(flags);
  await runUntilStopped("npm run bench:peers -- --help", async (signal) => {
    const tell = progress();
    const peers = await ready([ours(sizes.branches), spark(), pipe()]);
    const world = await World.start([], tell, signal);
    try {
      const facts = await factsOf(world);
      const database = await world.databases.loans(sizes);
      const samples = await inTurns(sizes.runs, tell, contenders(peers, world, database));
      const durations = peers.map(({ name }) => (samples[name] ?? []).map(({ durationMs }) => durationMs));
      const results = peers.map(({ name, note }, at) => ({
        ...{ name, note },
        durationsMs: durations[at] ?? [],
        worksMs: (samples[name] ?? []).map(({ workMs }) => workMs),
        against: compare(durations[at] ?? [], durations[0] ?? []),
      }));
      const table = markdownTable(
        ["way", "in all", "its work alone", "times ours", "spread", "what it is"],
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
        `${describeSizes(sizes)} "In all" is the process from its start to its end, "its work" what remains once Spark or the handler is loaded. Every figure of every branch was the same.`,
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

/** Those whose tools are there; the others are named, and make the command fail. */
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

/** Each peer by its name. The first run of each must make the figures that the first peer makes. */
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

/** All figures by branch, whatever the order of the rows, their header and their quotes. */
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
    `${name} has other figures in ${different.length} of ${expected.size} rows (of ${figures.size})${example}`,
  );
}

void main();
