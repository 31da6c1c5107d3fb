/**
 * What a Lambda tells its operators: one line of JSON a step, and metrics in CloudWatch's embedded format, both on
 * standard output.
 */
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";

import { addMonths, firstDayOf, type Month } from "../month";
import type { RunEvent } from "../../extract/run-event";

const SERVICE = "bank-batch";
const DAY_MS = 86_400_000;

/** The metric that holds a step's time. */
const stepMetrics = {
  connected: "ConnectDuration",
  staged: "StageDuration",
  compared: "StageDuration",
  reconciled: "ReconcileDuration",
  done: "PublishDuration",
} as const;

export class Telemetry {
  readonly #logger = new Logger({ serviceName: SERVICE });
  readonly #metrics = new Metrics({ namespace: "BankBatch", serviceName: SERVICE });
  #lastStepAt = performance.now();

  constructor(context: Context, keys: Readonly<Record<string, string>>) {
    this.#logger.addContext(context);
    this.#logger.appendKeys(keys);
  }

  info(message: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.info(message, details);
  }

  error(message: string, error: unknown): void {
    this.#logger.error(message, error as Error);
  }

  /** A step of a run: logged with the time since the step before, and counted. */
  step(event: RunEvent): void {
    if (event.step === "reading") return;
    const now = performance.now();
    const durationMs = Math.round(now - this.#lastStepAt);
    this.#lastStepAt = now;
    const { step, ...details } = event;
    this.#logger.info(step, { ...details, durationMs });
    this.#metrics.addMetric(stepMetrics[step], MetricUnit.Milliseconds, durationMs);
    if (step === "staged" || step === "compared") {
      this.#metrics.addMetric("Rows", MetricUnit.Count, event.rowCount);
      this.#metrics.addMetric("Bytes", MetricUnit.Bytes, event.byteCount);
    }
  }

  /** How long ago the newest month that is published ended, in days: grows until the next one is there. */
  newestMonth(extract: string, month: Month, now: Date): void {
    const ended = new Date(firstDayOf(addMonths(month, 1)));
    const ageDays = (now.getTime() - ended.getTime()) / DAY_MS;
    this.#metrics.addDimension("extract", extract);
    this.#metrics.addMetric("NewestPublishedMonthAge", MetricUnit.NoUnit, ageDays);
  }

  /** Writes the metrics; to be called once, at the end, whatever the end is. */
  flush(): void {
    this.#metrics.publishStoredMetrics();
  }
}
