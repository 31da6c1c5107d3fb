const config = require("../../jest.config.js");

/** @type {import("jest").Config} */
module.exports = {
  ...config,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/integration/{extract,intake,lake,platform}/**/*.test.ts"],
};
