/** Turns an ES module of a package into CommonJS, for Jest. */
const { transformSync } = require("esbuild");

module.exports = {
  process: (source) => ({
    code: transformSync(source, { format: "cjs", target: "node20", sourcemap: "inline" }).code,
  }),
};
