/** The Lambda's entry points: an event in, a run, its summary out. What is told on the way goes through `telemetry.ts`. */
import { randomUUID } from "node:crypto";

import type { Context } from "aws-lambda";

import { parseNotifySettings } from "./settings";
import { type Deadline, withDeadline } from "../platform/deadline";
import { ExtractError } from "../platform/errors";
import type { Summary } from "./extract";
import { noticesOf, TRY } from "./notice";
import { type Edge, run, verify as verifyMonths } from "./run";
import { Telemetry } from "../platform/lambda/telemetry";
import { expectVerified, type MonthVerification } from "./verification";

/** What a run needs to end in good order: uploads aborted, the connection closed, the error told. */
const CLEAR_UP_MS = 10_000;

const MORE_TIME =
  "Run the month again; if it stays so, give the function more time or memory, or run it from a terminal: npx bank-batch extract.";

/**
 * Extracts the month before the one in which a schedule fired, or the months that the event names.
 *
 * @throws the run's error, its hint behind the message, so that what Lambda reports says what to do.
 */
export function extract(event: unknown, context: Context): Promise<Summary> {
  return handle(event, context, async (edge, telemetry) => {
    const observe = telemetry.step.bind(telemetry);
    const summary = await run(event, { ...edge, observe });
    const newest = summary.months.at(-1);
    if (newest !== undefined && summary.dryRun !== true)
      telemetry.newestMonth(summary.extract, newest.month, edge.now());
    return summary;
  });
}

/**
 * Verifies the same months as published: a schedule of its own, every day, that notices what is missing.
 *
 * @throws VerificationError if one is missing or damaged.
 */
export function verify(event: unknown, context: Context): Promise<{ months: readonly MonthVerification[] }> {
  return handle(event, context, async (edge, telemetry) => {
    const months = await verifyMonths(event, edge, ({ problems, ...verification }) => {
      telemetry.info("verified", { ...verification, problems });
      const { extract: name, status, month } = verification;
      if (status === "verified") telemetry.newestMonth(name, month, edge.now());
    });
    expectVerified(months);
    return { months };
  });
}

/** Tells people and machines what became of an asynchronous run, of which this is the destination. */
export function notify(event: unknown, context: Context): Promise<void> {
  return handle(event, context, async ({ deadline }, telemetry) => {
    const notices = noticesOf(event);
    const { peopleTopicArn, machinesTopicArn } = parseNotifySettings(process.env);
    const { PublishCommand, SNSClient } = await import("@aws-sdk/client-sns");
    const sns = new SNSClient();
    for (const { audience, subject, message } of notices) {
      const TopicArn = audience === "people" ? peopleTopicArn : machinesTopicArn;
      const command = new PublishCommand({ TopicArn, Subject: subject, Message: message });
      await sns.send(command, { abortSignal: deadline.signal });
      telemetry.info("told", { audience, subject });
    }
  });
}

async function handle<Result>(
  event: unknown,
  context: Context,
  action: (edge: Omit<Edge, "observe">, telemetry: Telemetry) => Promise<Result>,
): Promise<Result> {
  const runId = randomUUID();
  const telemetry = new Telemetry(context, { runId });
  telemetry.info("started", { input: event });
  const timeLimitMs = context.getRemainingTimeInMillis() - CLEAR_UP_MS;
  try {
    const result = await withDeadline(timeLimitMs, MORE_TIME, (deadline: Deadline) =>
      action({ environment: process.env, now: () => new Date(), runId, deadline }, telemetry),
    );
    telemetry.info("ended", { result });
    return result;
  } catch (error) {
    telemetry.error("failed", error);
    if (error instanceof ExtractError) error.message = `${error.message}${TRY}${error.hint}`;
    throw error;
  } finally {
    telemetry.flush();
  }
}
