/** Intake's entry points on Lambda: a step of the state machine each, and what starts it. */
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";

import type { Edge } from "../platform/edge";
import { handle } from "../platform/lambda/handler";
import { MetricUnit, type Telemetry } from "../platform/lambda/telemetry";
import { parseSettleSettings, parseStartSettings } from "./settings";
import { forEachRecord, objectOf, startExecution } from "./start";
import { loadStep, type Messages, receiveStep, sendMessages, settleStep, stageStep } from "./way";

/**
 * Starts the state machine for each object that the queue reports. A message that fails comes again, alone, and in the end
 * to the dead-letter queue.
 */
export function start(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  return handle(event, context, async ({ aws, environment, deadline }, telemetry) => {
    const { stateMachineArn } = parseStartSettings(environment);
    const { SFNClient } = await import("@aws-sdk/client-sfn");
    const stepFunctions = new SFNClient(aws.config);
    return forEachRecord(
      event,
      async ({ body }) => {
        const started = await startExecution(stepFunctions, stateMachineArn, objectOf(body), deadline.signal);
        telemetry.info("started", { ...started });
      },
      (error) => {
        telemetry.error("not started", error);
      },
    );
  });
}

/** Copies the file to `raw/`. @throws any error of {@link receiveStep}. */
export function receive(event: unknown, context: Context): ReturnType<typeof receiveStep> {
  return handle(event, context, (edge) => receiveStep(event, edge));
}

/** Checks and loads the file. @throws any error of {@link loadStep}; WaitingError if references are missing. */
export function load(event: unknown, context: Context): ReturnType<typeof loadStep> {
  return handle(event, context, async (edge, telemetry) => {
    const next = await loadStep(event, edge);
    const { outcome, counts, rejectedRecords } = next.load;
    telemetry.dimension("outcome", outcome);
    telemetry.metric("Deliveries", MetricUnit.Count, 1);
    telemetry.metric("DeliveredRecords", MetricUnit.Count, counts?.records ?? 0);
    telemetry.metric("RejectedRecords", MetricUnit.Count, rejectedRecords);
    return next;
  });
}

/** Writes the accepted rows as Parquet. @throws any error of {@link stageStep}. */
export function stage(event: unknown, context: Context): ReturnType<typeof stageStep> {
  return handle(event, context, (edge) => stageStep(event, edge));
}

/** Archives the delivery, or keeps it as an error; sends the messages; removes the landing object. */
export function settle(event: unknown, context: Context): ReturnType<typeof settleStep> {
  return handle(event, context, async (edge, telemetry) => {
    const { topics } = parseSettleSettings(edge.environment);
    return settleStep(event, edge, (messages) => report(messages, edge, topics, telemetry));
  });
}

async function report(
  messages: Messages,
  edge: Edge,
  topics: Parameters<typeof sendMessages>[2],
  telemetry: Telemetry,
): Promise<void> {
  await sendMessages(messages, edge, topics);
  telemetry.info("sent", { outcome: messages.machines?.outcome, subject: messages.people?.subject });
}
