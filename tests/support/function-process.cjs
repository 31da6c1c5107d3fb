/**
 * Serves one handler of an unpacked package in a clean process, as Lambda does with a function that stays warm: each
 * message is an event, and each answer a result or an error.
 *
 * Plain JavaScript, because none of the project's tools may be loaded here.
 */
const path = require("node:path");

const [root, handler, functionName] = process.argv.slice(2);
const [file, name] = handler.split(".");
const handle = require(path.join(root, `${file}.js`))[name];

process.on("message", async ({ id, event }) => {
  const context = { functionName, awsRequestId: id, getRemainingTimeInMillis: () => 900_000 };
  try {
    process.send({ id, result: await handle(event, context) });
  } catch ({ name: errorType, message: errorMessage, stack }) {
    process.send({ id, error: { errorType, errorMessage, stack } });
  }
});
