/**
 * Mutation testing of all of `src`, or of a random share of it, by unit and integration tests; with `--sample`, of what
 * decides what is published, by unit tests.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { startTestServer } from "../support/test-server";
import { ROOT } from "../support/root";
import { marginOf, type Mutant, printScores, readMutants, scoreOf } from "./scores";
import { isInShare, keyOf } from "./share.mjs";

/** Pure logic that unit tests alone can hold. */
const sample = [
  "src/platform/publication/{manifest,publication}.ts",
  "src/platform/database/{credentials,errors,row-stream}.ts",
  "src/extract/reconciliation.ts",
];

/** The score, in per cent, below which the sample fails. */
const SAMPLE_THRESHOLD = 95;

interface Options {
  /** Files or ranges, as in Stryker's option of this name. */
  readonly mutate: readonly string[];
  /** In per cent. */
  readonly share?: number | undefined;
  /** Test files, as a pattern below tests/. */
  readonly tests?: string | undefined;
}

async function runStryker(
  pass: "sample" | "whole",
  { mutate, share = 100, tests }: Options,
): Promise<Mutant[]> {
  const folder = path.join(ROOT, ".stryker");
  mkdirSync(folder, { recursive: true });
  const mutants = path.join(folder, "mutate.json");
  writeFileSync(mutants, JSON.stringify(mutate));
  const stryker = path.join(__dirname, "node_modules", ".bin", "stryker");
  const environment = {
    ...{ MUTATION_PASS: pass, MUTATION_MUTANTS: mutants, MUTATION_SHARE: String(share) },
    ...(tests !== undefined && { MUTATION_TESTS: tests }),
  };
  const child = spawn(stryker, ["run"], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  // This process goes on reading the log of the database server, which would stop when nobody does.
  const [exitCode] = (await once(child, "exit")) as [number | null];
  if (exitCode !== 0) throw new Error(`Stryker ended with exit code ${String(exitCode)}`);
  return readMutants(path.join(folder, `${pass}.json`)).filter((mutant) => isInShare(keyOf(mutant), share));
}

async function runSample(): Promise<void> {
  const mutants = await runStryker("sample", { mutate: sample });
  printScores(mutants);
  if (scoreOf(mutants) >= SAMPLE_THRESHOLD) return;
  process.stderr.write(`The score is below ${SAMPLE_THRESHOLD} %.\n`);
  process.exitCode = 1;
}

async function runWhole(options: Options): Promise<void> {
  const stop = await startTestServer();
  try {
    const mutants = await runStryker("whole", options);
    printScores(mutants);
    if (options.share !== undefined)
      process.stdout.write(`give or take ${marginOf(mutants, options.share).toFixed(1)} %\n`);
  } finally {
    await stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sample: { type: "boolean", default: false },
      mutate: { type: "string", multiple: true, default: ["src/**/*.ts"] },
      share: { type: "string" },
      tests: { type: "string" },
    },
  });
  const { mutate, share, tests } = values;
  if (values.sample) await runSample();
  else await runWhole({ mutate, tests, share: share === undefined ? undefined : Number(share) });
}

void main();
