/**
 * Stryker's runner for Jest, made fast. The original loads every test file for each mutant; this one loads only the files
 * whose tests reach the mutant, one after the other until a test fails. With `MUTATION_SHARE` it tests only a share of the
 * mutants; the others end as errors, which count for nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";

import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import { strykerPlugins as jestPlugins } from "@stryker-mutator/jest-runner";

import { isInShare, keyOf } from "./share.mjs";

/** Where the dry run writes which file has which tests: Stryker's workers share the folder. */
const testFilesOf = "test-files.json";

const share = Number(process.env.MUTATION_SHARE ?? 100);

/** Stryker counts lines and columns from 0 here, from 1 in its report. */
function isChosen({ fileName, location: { start, end }, mutatorName, replacement }) {
  const file = fileName.slice(fileName.lastIndexOf("/src/") + 1);
  const fromOne = ({ line, column }) => ({ line: line + 1, column: column + 1 });
  const location = { start: fromOne(start), end: fromOne(end) };
  return isInShare(keyOf({ file, location, mutatorName, replacement }), share);
}

function createRunner(injector) {
  const [jest] = jestPlugins;
  const runner = injector.injectFunction(jest.factory);
  const { dryRun, mutantRun, run } = runner;
  let filesToRun;

  runner.dryRun = async (options) => {
    const result = await dryRun.call(runner, options);
    const files = {};
    for (const { id, fileName } of result.tests ?? []) (files[id] ??= []).push(fileName);
    writeFileSync(testFilesOf, JSON.stringify(files));
    return result;
  };

  runner.mutantRun = async (options) => {
    if (!isChosen(options.activeMutant)) return { status: "error", errorMessage: "not in the share" };
    filesToRun = options.testFilter && cheapestFirst(options.testFilter);
    try {
      return await mutantRun.call(runner, options);
    } finally {
      filesToRun = undefined;
    }
  };

  runner.run = async (settings) => {
    if (!filesToRun) return run.call(runner, settings);
    const tests = [];
    for (const file of filesToRun) {
      const { dryRunResult } = await run.call(runner, { ...settings, testFiles: [file] });
      if (dryRunResult.status !== "complete") return { dryRunResult };
      tests.push(...dryRunResult.tests);
      if (dryRunResult.tests.some(({ status }) => status === TEST_FAILED)) break;
    }
    return { dryRunResult: { status: "complete", tests } };
  };

  return runner;
}

/** `TestStatus.Failed` of Stryker's interface. */
const TEST_FAILED = 1;

/** The files with these tests: unit tests first, then integration tests, then others; of each kind, the fullest match first. */
function cheapestFirst(testIds) {
  const files = JSON.parse(readFileSync(testFilesOf, "utf8"));
  const totals = countBy(Object.values(files).flat());
  const reached = countBy(testIds.flatMap((id) => files[id] ?? []));
  const kind = (file) => (file.includes("/unit/") ? 2 : file.includes("/integration/") ? 1 : 0);
  const rank = (file) => kind(file) + reached.get(file) / totals.get(file);
  return [...reached.keys()].sort((a, b) => rank(b) - rank(a));
}

function countBy(files) {
  const counts = new Map();
  for (const file of files) counts.set(file, (counts.get(file) ?? 0) + 1);
  return counts;
}

createRunner.inject = tokens(commonTokens.injector);

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "jest-files", createRunner)];
