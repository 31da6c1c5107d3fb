/** @type {import("jest").Config} */
const base = require("../../jest.config.js");

module.exports = {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/screenshots/*.pictures.ts"],
  testTimeout: 300_000,
  maxWorkers: 1,
};
