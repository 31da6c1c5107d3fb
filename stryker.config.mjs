/** Mutation testing: docs/mutation-testing.md explains the choice of mutants and tests, and has the scores. */

/** Pure logic that decides what is published: its mutants are tested by unit tests alone. */
const sample = [
  "src/platform/publication/{manifest,publication}.ts",
  "src/platform/database/{credentials,errors,row-stream}.ts",
  "src/extract/reconciliation.ts",
];

const isSample = process.env.MUTATION_SAMPLE === "true";

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  testRunner: "jest",
  jest: {
    projectType: "custom",
    configFile: isSample ? "tests/mutation/unit.jest.config.js" : "tests/mutation/jest.config.js",
  },
  mutate: isSample ? sample : ["src/**/*.ts"],
  coverageAnalysis: "perTest",
  // What a module computes when it is loaded would need all tests for each mutant.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: ".stryker",
  incremental: !isSample,
  incrementalFile: ".stryker/incremental.json",
  reporters: ["clear-text", "json"],
  jsonReporter: { fileName: ".stryker/report.json" },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  allowConsoleColors: false,
  warnings: { slow: false },
  thresholds: isSample ? { high: 100, low: 95, break: 95 } : { high: 95, low: 85, break: null },
};
