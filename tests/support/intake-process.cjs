/** Loads a delivery in a process of its own, which a test kills. Its argument is the request as JSON. */
require("tsx/cjs");
const { runAlone } = require("./intake-alone.ts");

runAlone(JSON.parse(process.argv[2])).then(
  (outcome) => process.stdout.write(outcome, () => process.exit(0)),
  (error) => process.stdout.write(`error ${error.name}`, () => process.exit(1)),
);
