/** The extract's entry points on Lambda: an event in, a run, its summary out. */
import type { Context } from "aws-lambda";

import { handle } from "../platform/lambda/handler";
import { MetricUnit, type Telemetry } from "../platform/lambda/telemetry";
import { addMonths, firstDayOf, type Month } from "../platform/month";
import type { Announcement } from "./announcement";
import type { RunEvent } from "./events";
import type { Summary } from "./extract";
import { publishMessage } from "./message";
import { noticeOf } from "./notice";
import { announce as announceMonths, run, verify as verifyMonths } from "./run";
import { parseAnnounceSettings, parseNotifySettings } from "./settings";
import { expectVerified, type MonthVerification } from "./verification";

const DAY_MS = 86_400_000;

/**
 * Extracts the month before the schedule's time, or the months that the event names.
 *
 * @throws the run's error, with what to do in its message.
 */
export function extract(event: unknown, context: Context): Promise<Summary> {
  return handle(event, context, async (edge, telemetry) => {
    const summary = await run(event, edge, (step) => {
      report(telemetry, step);
    });
    const newest = summary.months.at(-1);
    if (newest !== undefined && summary.dryRun !== true)
      reportAge(telemetry, summary.extract, newest.month, edge.now());
    return summary;
  });
}

/**
 * Verifies the same months, on a daily schedule of its own, so that a missing month is noticed.
 *
 * @throws VerificationError if one is missing or damaged.
 */
export function verify(event: unknown, context: Context): Promise<{ months: readonly MonthVerification[] }> {
  return handle(event, context, async (edge, telemetry) => {
    const months = await verifyMonths(event, edge, (verification) => {
      telemetry.info("verified", { ...verification });
      const { extract: name, status, month } = verification;
      if (status === "verified") reportAge(telemetry, name, month, edge.now());
    });
    expectVerified(months);
    return { months };
  });
}

/**
 * Announces the month whose manifest was written, or the months that the event names.
 *
 * @throws StorageError if a manifest can't be read.
 */
export function announce(event: unknown, context: Context): Promise<{ announced: readonly Announcement[] }> {
  return handle(event, context, async (edge, telemetry) => {
    const { announceTopicArn } = parseAnnounceSettings(edge.environment);
    const announced = await announceMonths(event, edge, async (announcement) => {
      const { month, state, revision } = announcement;
      await publishMessage(
        edge,
        announceTopicArn,
        `${month} ${state}, revision ${revision}`,
        JSON.stringify(announcement),
      );
      telemetry.info("announced", { ...announcement });
    });
    return { announced };
  });
}

/** Reports a failed asynchronous invocation to people. Lambda invokes it as a destination. */
export function notify(event: unknown, context: Context): Promise<void> {
  return handle(event, context, async (edge, telemetry) => {
    const { subject, message } = noticeOf(event);
    const { notifyTopicArn } = parseNotifySettings(edge.environment);
    await publishMessage(edge, notifyTopicArn, subject, message);
    telemetry.info("sent", { subject });
  });
}

/** The metric of each step's duration. */
const durationMetrics = {
  connected: "ConnectDuration",
  staged: "StageDuration",
  compared: "StageDuration",
  reconciled: "ReconcileDuration",
  done: "PublishDuration",
} as const;

/** Logs a step of a run and counts its time, rows and bytes. */
export function report(telemetry: Telemetry, event: RunEvent): void {
  if (event.step === "reading") return;
  const { step, ...details } = event;
  telemetry.step(step, durationMetrics[step], details);
  if (event.step === "staged" || event.step === "compared") {
    telemetry.metric("Rows", MetricUnit.Count, event.rowCount);
    telemetry.metric("Bytes", MetricUnit.Bytes, event.byteCount);
  }
}

/** How many days ago the newest published month ended: it grows until the next month is published. */
function reportAge(telemetry: Telemetry, extractName: string, month: Month, now: Date): void {
  const ended = new Date(firstDayOf(addMonths(month, 1)));
  telemetry.dimension("extract", extractName);
  telemetry.metric("NewestPublishedMonthAge", MetricUnit.NoUnit, (now.getTime() - ended.getTime()) / DAY_MS);
}
