/** The lake's entry point on Lambda: announcements from a queue, or an input by hand or by schedule. */
import type { Context, SQSBatchResponse } from "aws-lambda";

import type { Edge } from "../platform/edge";
import { handle } from "../platform/lambda/handler";
import { MetricUnit, type Telemetry } from "../platform/lambda/telemetry";
import { requestedBy, queuedMessages, type QueuedMessage } from "./announcement";
import { bringMonths, type LakeObserver, type LakeSummary, openLake, runLake } from "./run";
import { parseLakeSettings } from "./settings";

/**
 * Brings the months into the lake that the input names: `{"month": "2026-09"}`, a range, or `{"all": true}`. A batch of SQS
 * has such inputs or announcements of the extract as its messages.
 *
 * @returns for a batch, the messages that failed and should be delivered again.
 * @throws the run's error, with what to do in its message, if the input is not a batch.
 */
export function lake(event: unknown, context: Context): Promise<LakeSummary | SQSBatchResponse> {
  return handle(event, context, async (edge, telemetry) => {
    const messages = queuedMessages(event);
    const observer = reporter(telemetry);
    return messages === undefined
      ? runLake(event, edge, observer)
      : bringQueued(messages, edge, telemetry, observer);
  });
}

/** Each message by itself, so that one month's failure does not repeat the others. */
async function bringQueued(
  messages: readonly QueuedMessage[],
  edge: Edge,
  telemetry: Telemetry,
  observer: LakeObserver,
): Promise<SQSBatchResponse> {
  const open = await openLake(parseLakeSettings(edge.environment), edge, observer);
  const failed: string[] = [];
  for (const { id, body } of messages) {
    try {
      const request = requestedBy(body, edge.now());
      if (request !== undefined) await bringMonths(open, request, observer);
    } catch (error) {
      telemetry.error(`message ${id} failed`, error);
      failed.push(id);
    }
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

function reporter(telemetry: Telemetry): LakeObserver {
  return {
    step: (step) => {
      telemetry.info(step.step, { ...step });
    },
    month: ({ objects, ...outcome }) => {
      telemetry.info("month done", { ...outcome, objectCount: objects.length });
      if (outcome.status === "unchanged") return;
      const rowCount = objects.reduce((sum, each) => sum + each.rowCount, 0);
      telemetry.metric("LakeRows", MetricUnit.Count, rowCount);
    },
  };
}
