/**
 * `npm run bench:peers`: the program beside other ways to the same figures, on the same data, in turns. It needs tools
 * that Node.js does not bring, and says loudly which of them are missing.
 */
import { pipeline } from "node:stream/promises";

import { Command } from "commander";
import { parse } from "csv-parse";

import { runUntilStopped } from "../../local/terminal";
import { loanMovingAverage } from "../../src/extracts/loan-moving-average";
import { DidNotRun } from "../../tests/support/python";
import { describe, factsOf, figure, markdownTable, progress, RESULTS, writeResults } from "../report";
import { describeSizes, type SizeFlags, sizesOf, withSizes } from "../sizes";
import { compare, median } from "../statistics";
import { World } from "../world";
import { ours, type Peer, type PeerRun, pipe, spark } from "./peers";

interface Timed {
  readonly peer: Peer;
  readonly durationsMs: number[];
  readonly worksMs: number[];
}

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
      const database = await world.loans(sizes);
      const timed = await inTurns(peers, (peer) => peer.run(world, database), sizes.runs, tell);
      const results = timed.map((each) => ({
        name: each.peer.name,
        note: each.peer.note,
        ...{ durationsMs: each.durationsMs, worksMs: each.worksMs },
        against: compare(each.durationsMs, timed[0]?.durationsMs ?? []),
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

/** The first of each only warms up and shows its figures, which must be those of the first peer. */
async function inTurns(
  peers: readonly Peer[],
  run: (peer: Peer) => Promise<PeerRun>,
  runs: number,
  tell: (line: string) => void,
): Promise<Timed[]> {
  const timed = peers.map((peer): Timed => ({ peer, durationsMs: [], worksMs: [] }));
  let expected: ReadonlyMap<string, string> | undefined;
  for (let turn = 0; turn <= runs; turn++) {
    const told: string[] = [];
    for (const { peer, durationsMs, worksMs } of timed) {
      const result = await run(peer);
      told.push(`${peer.name} ${result.durationMs.toFixed(0)} ms`);
      if (turn === 0) {
        const figures = await figuresOf(result);
        expected ??= figures;
        expectSame(peer.name, expected, figures);
      } else {
        durationsMs.push(result.durationMs);
        worksMs.push(result.workMs);
      }
    }
    tell(`${turn === 0 ? "warm-up" : `${turn} of ${runs}`}: ${told.join(", ")}`);
  }
  return timed;
}

/** All figures by branch, whatever the order of the rows, their header and their quotes. */
async function figuresOf({ files }: PeerRun): Promise<Map<string, string>> {
  const figures = new Map<string, string>();
  const { columns } = loanMovingAverage;
  const branchAt = columns.indexOf("branch_id");
  const words = ["bank_name", "branch_address"].map((name) => columns.findIndex((each) => each === name));
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
