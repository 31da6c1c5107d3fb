/** The lake's entry points on Lambda: one for published months, one for the tenants' own files. */
import type { Context, SQSBatchResponse } from "aws-lambda";

import type { Edge } from "../platform/edge";
import { RequestError } from "../platform/errors";
import { handle } from "../platform/lambda/handler";
import { MetricUnit, type Telemetry } from "../platform/lambda/telemetry";
import { requestedBy, queuedMessages, type QueuedMessage } from "./announcement";
import { bringMonths, bringOne, type LakeObserver, type LakeSummary, openLake, runLake } from "./run";
import { openRefining, type RefineObserver, refineQueued } from "./refine/run";
import { parseLakeSettings, parseRefineSettings } from "./settings";

/**
 * Brings the months into the lake that the input names: `{"month": "2026-09"}`, a range, or `{"all": true}`. A batch of SQS
 * has such inputs as its messages, or those of the extract and of intake.
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

async function bringQueued(
  messages: readonly QueuedMessage[],
  edge: Edge,
  telemetry: Telemetry,
  observer: LakeObserver,
): Promise<SQSBatchResponse> {
  const open = await openLake(parseLakeSettings(edge.environment), edge, observer);
  return eachMessage(messages, telemetry, async (body) => {
    const requested = requestedBy(body, edge.now());
    if (requested === undefined) return;
    if ("months" in requested) await bringMonths(open, requested.months, observer);
    else await bringOne(open, requested.report, observer);
  });
}

/**
 * Takes the tenants' own files into the lake that S3's events in a batch of SQS report, or all that are missing by the
 * message `{"all": true}`.
 *
 * @returns the messages that failed and should be delivered again.
 * @throws RequestError if the event is not a batch of SQS.
 */
export function refine(event: unknown, context: Context): Promise<SQSBatchResponse> {
  return handle(event, context, async (edge, telemetry) => {
    const messages = queuedMessages(event);
    if (messages === undefined) {
      throw new RequestError("this event is not a batch of SQS", {
        hint: 'Send a message to the queue of the function: an event of S3, or {"all": true}.',
      });
    }
    const observer = refineReporter(telemetry);
    const refining = await openRefining(parseRefineSettings(edge.environment), edge, observer);
    return eachMessage(messages, telemetry, (body) => refineQueued(refining, body, observer));
  });
}

/** Each message by itself, so that one failure does not repeat the others. */
async function eachMessage(
  messages: readonly QueuedMessage[],
  telemetry: Telemetry,
  action: (body: string) => Promise<void>,
): Promise<SQSBatchResponse> {
  const failed: string[] = [];
  for (const { id, body } of messages) {
    try {
      await action(body);
    } catch (error) {
      telemetry.error(`message ${id} failed`, error);
      failed.push(id);
    }
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

function refineReporter(telemetry: Telemetry): RefineObserver {
  return {
    step: (step) => {
      telemetry.info(step.step, { ...step });
    },
    failed: (what, error) => {
      telemetry.error(`${what} failed`, error);
    },
    file: (summary) => {
      telemetry.info("file done", { ...summary });
      if (summary.status === "rejected") telemetry.metric("RejectedFiles", MetricUnit.Count, 1);
      if (summary.status === "accepted")
        telemetry.metric("RefinedRows", MetricUnit.Count, summary.rowCount ?? 0);
    },
  };
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
