const project = require("../../jest.config.js");

/** For tests against Moto, which `run.ts` starts. @type {import("jest").Config} */
module.exports = {
  ...project,
  rootDir: "../..",
  moduleNameMapper: { "aws/server$": "<rootDir>/tests/moto/moto-aws.ts" },
};
