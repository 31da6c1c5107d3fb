/** The Lambda's entry point: an event in, a run, its summary out; each step is a line of JSON in the log. */
import { randomUUID } from "node:crypto";

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";

import { ExtractError } from "./errors";
import type { RunEvent, Summary } from "./extract";
import { run } from "./run";

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
    const summary = await run(event, {
      environment: process.env,
      now: () => new Date(),
      runId,
      observe: log,
    });
    logger.info("run ended", { summary });
    return summary;
  } catch (error) {
    logger.error("run failed", error as Error);
    if (error instanceof ExtractError) error.message = `${error.message} Try: ${error.hint}`;
    throw error;
  }
}

function log({ step, ...details }: RunEvent): void {
  if (step === "reading") return;
  logger.info(step, details);
}
