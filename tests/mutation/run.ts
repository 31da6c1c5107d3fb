/**
 * Mutation testing of all of `src`, or with `--sample` of what decides what is published. Every mutant meets the unit tests;
 * without `--sample`, those that survive meet the integration tests.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { startTestServer } from "../support/test-server";
import { ROOT } from "../support/root";
import { type Mutant, printScores, readMutants, scoreOf, survivorsOf, withSecondPass } from "./scores";

/** Pure logic that unit tests alone can hold. */
const sample = [
  "src/platform/publication/{manifest,publication}.ts",
  "src/platform/database/{credentials,errors,row-stream}.ts",
  "src/extract/reconciliation.ts",
];

/** The score, in per cent, below which the sample fails. */
const SAMPLE_THRESHOLD = 95;

const folder = path.join(ROOT, ".stryker");

/** @param mutate files or ranges, as in Stryker's option of this name. */
function runPass(pass: "sample" | "unit" | "integration", mutate: readonly string[]): Mutant[] {
  mkdirSync(folder, { recursive: true });
  const mutants = path.join(folder, "mutate.json");
  writeFileSync(mutants, JSON.stringify(mutate));
  const stryker = path.join(__dirname, "node_modules", ".bin", "stryker");
  const { status } = spawnSync(stryker, ["run"], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, MUTATION_PASS: pass, MUTATION_MUTANTS: mutants },
  });
  if (status !== 0) throw new Error(`Stryker's ${pass} pass ended with exit code ${String(status)}`);
  return readMutants(path.join(folder, `${pass}.json`));
}

/** Stryker's name of a place: lines from 1, columns from 0. */
function rangeOf({ file, location: { start, end } }: Mutant): string {
  return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { sample: { type: "boolean", default: false }, mutate: { type: "string", multiple: true } },
  });
  let mutants = values.sample ? runPass("sample", sample) : runPass("unit", values.mutate ?? ["src/**/*.ts"]);
  const survivors = survivorsOf(mutants);
  if (!values.sample && survivors.length > 0) {
    const stop = await startTestServer();
    try {
      mutants = withSecondPass(mutants, runPass("integration", [...new Set(survivors.map(rangeOf))]));
    } finally {
      await stop();
    }
  }
  printScores(mutants);
  if (values.sample && scoreOf(mutants) < SAMPLE_THRESHOLD) {
    process.stderr.write(`The score is below ${SAMPLE_THRESHOLD} %.\n`);
    process.exitCode = 1;
  }
}

void main();
