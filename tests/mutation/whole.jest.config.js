const config = require("../../jest.config.js");

const { MUTATION_TESTS: tests = "{unit,integration}/{extract,intake,lake,platform,rotation}" } = process.env;

/** Unit and integration tests in the processes themselves: the packaged functions are not mutated. @type {import("jest").Config} */
module.exports = {
  ...config,
  rootDir: "../..",
  testMatch: [`<rootDir>/tests/${tests}/**/*.test.ts`],
  // It asks whether the whole suite made every call that a role allows, which a part of the suite can't.
  globalTeardown: undefined,
};
