/** @type {import("jest").Config} */
const base = require("../../jest.config.js");

module.exports = {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/browser/*.browser.ts"],
};
