/**
 * Starts a handler as Lambda does: by its name ("src/lambda.extract") from the unpacked package, in a process that
 * knows nothing else. The event comes and the result goes through the parent's channel, with the most memory that
 * the process has held.
 *
 * Plain JavaScript, as nothing of the project's tools may be loaded here.
 */
const path = require("node:path");

const [root, handler] = process.argv.slice(2);
const [file, name] = handler.split(".");
const context = { functionName: "extract", awsRequestId: "test", getRemainingTimeInMillis: () => 900_000 };

process.once("message", async (event) => {
  const peakMemoryBytes = () => process.resourceUsage().maxRSS * 1024;
  try {
    const result = await require(path.join(root, `${file}.js`))[name](event, context);
    process.send({ result, peakMemoryBytes: peakMemoryBytes() });
  } catch (error) {
    process.send({
      error: { errorType: error.name, errorMessage: error.message },
      peakMemoryBytes: peakMemoryBytes(),
    });
  }
  // As in a frozen Lambda, nothing may be left to do: a handle that is still open would keep the process here.
  process.disconnect();
});
