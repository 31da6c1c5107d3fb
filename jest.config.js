const { availableParallelism } = require("node:os");

/** @type {import("jest").Config} */
module.exports = {
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  // Minutes of their own: npm run test:memory.
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/memory/"],
  transform: {
    "\\.tsx?$": ["ts-jest", { transpilation: true }],
    "/node_modules/hyparquet(-writer)?/.+\\.js$": "<rootDir>/tests/support/es-module.cjs",
  },
  // Jest runs CommonJS on Node 20 and 22; these packages exist as ES modules only.
  transformIgnorePatterns: ["/node_modules/(?!hyparquet(-writer)?/)"],
  globalSetup: "<rootDir>/tests/support/global-setup.ts",
  globalTeardown: "<rootDir>/tests/support/global-teardown.ts",
  testTimeout: 60_000,
  // More than there are processors: many tests wait, for time limits and locks.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  collectCoverageFrom: ["src/**/*.ts"],
  coverageReporters: ["text"],
};
