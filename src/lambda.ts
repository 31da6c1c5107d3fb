/** The Lambda's entry point: an event in, a run, its summary out; each step is a line of JSON in the log. */
import { randomUUID } from "node:crypto";

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";

import { withDeadline } from "./deadline";
import { ExtractError } from "./errors";
import type { RunEvent, Summary } from "./extract";
import { run } from "./run";

/** What a run needs to end in good order: uploads aborted, the connection closed, the error told. */
const CLEAR_UP_MS = 10_000;

const MORE_TIME =
  "Run the month again; if it stays so, give the function more time or memory, or run it from a terminal: npm run extract.";

const logger = new Logger({ serviceName: "bank-loan-extract" });

/**
 * Extracts the month before the one in which a schedule fired, or the months that the event names.
 *
 * @throws the run's error, its hint behind the message, so that what Lambda reports says what to do.
 */
export async function extract(event: unknown, context: Context): Promise<Summary> {
  const runId = randomUUID();
  logger.addContext(context);
  logger.resetKeys();
  logger.appendKeys({ runId });
  logger.info("run started", { input: event as Record<string, unknown> });
  try {
    const summary = await withDeadline(timeLimitMs(context), MORE_TIME, (deadline) =>
      run(event, { environment: process.env, now: () => new Date(), runId, deadline, observe: log }),
    );
    logger.info("run ended", { summary });
    return summary;
  } catch (error) {
    logger.error("run failed", error as Error);
    if (error instanceof ExtractError) error.message = `${error.message} Try: ${error.hint}`;
    throw error;
  }
}

function timeLimitMs(context: Context): number {
  return context.getRemainingTimeInMillis() - CLEAR_UP_MS;
}

function log({ step, ...details }: RunEvent): void {
  if (step === "reading") return;
  logger.info(step, details);
}
