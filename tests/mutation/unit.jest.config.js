/** @type {import("jest").Config} */
module.exports = {
  rootDir: "../..",
  testMatch: ["<rootDir>/tests/unit/{extract,platform}/**/*.test.ts"],
  transform: { "\\.tsx?$": ["ts-jest", { transpilation: true }] },
};
