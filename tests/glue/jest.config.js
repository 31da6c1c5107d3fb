const project = require("../../jest.config.js");

/** For the tests of the Glue job, which `run.ts` starts with their environment. @type {import("jest").Config} */
module.exports = {
  ...project,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/glue/*.spec.ts"],
  // The first run of the job compiles code for the others.
  testTimeout: 120_000,
};
