/** What every Lambda handler does around its action: run id, time limit, log, and an error that says what to do. */
import { randomUUID } from "node:crypto";

import type { Context } from "aws-lambda";

import { awsClients } from "../aws";
import { withDeadline } from "../deadline";
import type { Edge } from "../edge";
import { BatchError } from "../errors";
import { Telemetry } from "./telemetry";

/** What a run needs to end cleanly: uploads aborted, the connection closed, the error logged. */
const CLEAR_UP_MS = 10_000;

const MORE_TIME =
  "Give the function more time or memory, or run fewer months at once, if necessary from a terminal by npx bank-batch.";

const INVOKE_AGAIN = "Then invoke the function again with the same input.";

/** Separate, in the message of an error that leaves a Lambda, what happened from what was done before and what to do. */
export const DONE = "\nDone: ";
export const TRY = "\nTry: ";

/** In characters: some 100 banks with their figures. */
const LONGEST_MESSAGE = 20_000;

/**
 * In bytes, as JSON. Lambda turns a response above its limit into an error, after everything was done.
 * Source: AWS Lambda Developer Guide, "Lambda quotas": 6 MB.
 */
const LARGEST_RESPONSE = 6_000_000;

/** Entries of each list in a response that would be too large. */
const SHOWN_ENTRIES = 100;

/**
 * @returns the action's result; if it is too large for Lambda, the first 100 entries of each of its lists, and
 *   `truncated: true`.
 * @throws the action's error; what to do is added to its message, because Lambda reports nothing else of it.
 */
export async function handle<Result>(
  event: unknown,
  context: Context,
  action: (edge: Edge, telemetry: Telemetry) => Promise<Result>,
): Promise<Result> {
  const runId = randomUUID();
  const telemetry = new Telemetry(context, runId);
  telemetry.info("started", { input: event });
  const timeLimitMs = context.getRemainingTimeInMillis() - CLEAR_UP_MS;
  const edge = { environment: process.env, aws: awsClients(), now: () => new Date(), runId };
  try {
    const result = fitting(
      await withDeadline(timeLimitMs, MORE_TIME, (deadline) => action({ ...edge, deadline }, telemetry)),
    );
    telemetry.info("ended", { result });
    return result;
  } catch (error) {
    telemetry.error("failed", error);
    if (error instanceof BatchError) {
      const what = cutDown(error);
      const done = error.done.length === 0 ? "" : `${DONE}${error.done.join(", ")}`;
      error.message = `${what}${done}${TRY}${error.advice(INVOKE_AGAIN)}`;
    }
    throw error;
  } finally {
    telemetry.flush();
  }
}

function fitting<Result>(result: Result): Result {
  const json = JSON.stringify(result) as string | undefined;
  if (json === undefined || Buffer.byteLength(json) <= LARGEST_RESPONSE) return result;
  const shortened = JSON.parse(json, (_key, value: unknown) =>
    Array.isArray(value) ? value.slice(0, SHOWN_ENTRIES) : value,
  ) as Result;
  return { ...shortened, truncated: true };
}

/**
 * What happened, in one line: it may quote the source's data, which must not be taken for what was done or for what to do.
 * Lambda passes nothing on to a destination that is too large, and then nobody would be told.
 */
function cutDown(error: BatchError): string {
  const line = error.message.replace(/\s*[\r\n\u0085\u2028\u2029]+\s*/g, " ");
  if (line.length <= LONGEST_MESSAGE) return line;
  // Lambda reports the stack as well, which repeats the message.
  error.stack = error.name;
  return `${line.slice(0, LONGEST_MESSAGE)} … (the log has all of it)`;
}
