const config = require("../../jest.config.js");

/** @type {import("jest").Config} */
module.exports = {
  ...config,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/integration/{extract,intake,lake,platform}/**/*.test.ts"],
  // It asks whether the whole suite made every call that a role allows, which a part of the suite can't.
  globalTeardown: undefined,
};
