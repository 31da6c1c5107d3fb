const project = require("../../jest.config.js");

/** For the Glue job, beside which `run.ts` puts what it needs. @type {import("jest").Config} */
module.exports = {
  ...project,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/glue/*.spec.ts"],
  // The first job compiles what the others use.
  testTimeout: 120_000,
};
