/**
 * Starts a handler as Lambda does: by its name ("src/extract/lambda.extract") from the unpacked package, in a clean
 * process. The event and the result pass through the parent's channel, with the duration of each step and the peak
 * memory of the process.
 *
 * Plain JavaScript, because none of the project's tools may be loaded here.
 */
const { readFileSync } = require("node:fs");
const path = require("node:path");
const { performance } = require("node:perf_hooks");

const [root, handler] = process.argv.slice(2);
const [file, name] = handler.split(".");
const context = { functionName: "extract", awsRequestId: "test", getRemainingTimeInMillis: () => 900_000 };

process.once("message", async (event) => {
  const startedAt = performance.now();
  let loadedAt = startedAt;
  const measured = () => ({
    importDurationMs: loadedAt - startedAt,
    handlerDurationMs: performance.now() - loadedAt,
    peakMemoryBytes: peakMemoryBytes(),
  });
  try {
    const handle = require(path.join(root, `${file}.js`))[name];
    loadedAt = performance.now();
    const result = await handle(event, context);
    send({ result, ...measured() });
  } catch (error) {
    send({ error: { errorType: error.name, errorMessage: error.message }, ...measured() });
  }
});

/**
 * Disconnects once the message is sent, because disconnecting earlier may lose a large one. As in a frozen Lambda, nothing
 * may be left to do: a handle that is still open keeps the process here.
 */
function send(message) {
  process.send(message, () => process.disconnect());
}

/** On Linux, a process's maxRSS includes its parent's memory at the fork, but VmHWM does not. */
function peakMemoryBytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS * 1024;
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kibibytes) * 1024;
}
