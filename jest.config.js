/** @type {import("jest").Config} */
module.exports = {
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  transform: { "\\.tsx?$": ["ts-jest", { transpilation: true }] },
  globalSetup: "<rootDir>/tests/support/global-setup.ts",
  globalTeardown: "<rootDir>/tests/support/global-teardown.ts",
  testTimeout: 60_000,
  maxWorkers: "100%",
  collectCoverageFrom: ["src/**/*.ts"],
  coverageReporters: ["text"],
};
