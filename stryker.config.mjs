/** Mutation testing: docs/mutation-testing.md explains the two passes, and has the scores. */
import { readFileSync } from "node:fs";

/** `sample`: some files, by their own unit tests. `whole`: every mutant, by unit and integration tests. */
const { MUTATION_PASS: pass = "whole", MUTATION_MUTANTS: mutants = "" } = process.env;

export default {
  plugins: ["@stryker-mutator/jest-runner", "./tests/mutation/runner.mjs"],
  testRunner: "jest-files",
  jest: {
    projectType: "custom",
    configFile: `tests/mutation/${pass}.jest.config.js`,
    enableFindRelatedTests: false,
  },
  mutate: JSON.parse(readFileSync(mutants, "utf8")),
  coverageAnalysis: "perTest",
  dryRunTimeoutMinutes: 60,
  // What a module computes when it is loaded would need all tests for each mutant.
  ignoreStatic: true,
  concurrency: 2,
  // Other programs may slow the tests down. A test that takes much longer than without the mutant has detected it.
  timeoutMS: pass === "sample" ? 10_000 : 30_000,
  tempDirName: ".stryker",
  cleanTempDir: "always",
  reporters: ["json", process.stdout.isTTY ? "progress" : "progress-append-only"],
  jsonReporter: { fileName: `.stryker/${pass}.json` },
  allowConsoleColors: false,
  warnings: { slow: false },
  thresholds: { high: 100, low: 100, break: null },
};
