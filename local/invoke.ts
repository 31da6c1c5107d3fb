/**
 * Invokes the handler as Lambda does, in a process of its own. The event is the first argument, the log goes to
 * standard output, and the result goes to the parent process as a message.
 */
import type { Context } from "aws-lambda";

import { extract } from "../src/extract/lambda";

const context = {
  functionName: "extract",
  awsRequestId: "local",
  getRemainingTimeInMillis: () => 900_000,
} as Context;

extract(JSON.parse(process.argv[2] ?? "{}"), context).then(
  (summary) => process.send?.(summary),
  () => (process.exitCode = 1),
);
