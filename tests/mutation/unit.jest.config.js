const { transform, transformIgnorePatterns } = require("../../jest.config.js");

/** @type {import("jest").Config} */
module.exports = {
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/unit/{extract,intake,lake,platform}/**/*.test.ts"],
  transform,
  transformIgnorePatterns,
};
