const project = require("../../jest.config.js");

/** For the examples of docs/consumer.md, whose programs `run.ts` brings. @type {import("jest").Config} */
module.exports = {
  ...project,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/examples/*.spec.ts"],
  testTimeout: 120_000,
};
