const config = require("./whole.jest.config.js");

/** The tests of the sample alone: loading the others would take most of the time. @type {import("jest").Config} */
module.exports = {
  ...config,
  // Unit tests need no server.
  globalSetup: undefined,
  testMatch: [
    "<rootDir>/tests/unit/platform/{credentials,database-errors,publication,row-stream}.test.ts",
    "<rootDir>/tests/unit/extract/reconciliation.test.ts",
  ],
};
