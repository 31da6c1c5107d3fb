/** What a Lambda reports to its operators on standard output: JSON log lines, and metrics in CloudWatch's embedded format. */
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";

import { parseFunctionName } from "./function-name";

type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];

export { MetricUnit } from "@aws-lambda-powertools/metrics";

/** Names the program in logs, metrics and the database's list of connections. */
export const SERVICE = "bank-batch";
const NAMESPACE = "BankBatch";

export class Telemetry {
  readonly #logger = new Logger({ serviceName: SERVICE });
  readonly #metrics = new Metrics({ namespace: NAMESPACE, serviceName: SERVICE });
  #lastStepAt = performance.now();

  constructor(context: Context, runId: string) {
    this.#logger.addContext(context);
    this.#logger.appendKeys({ runId });
    // Stages may share an account, and an alarm must not take one's metrics for the other's.
    const { stage } = parseFunctionName(context.functionName);
    if (stage !== "") this.dimension("stage", stage);
  }

  info(message: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.info(message, details);
  }

  error(message: string, error: unknown): void {
    this.#logger.error(message, error as Error);
  }

  /** Logs a step of a run with the time since the step before, and counts that time. */
  step(message: string, durationMetric: string, details: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    const durationMs = Math.round(now - this.#lastStepAt);
    this.#lastStepAt = now;
    this.#logger.info(message, { ...details, durationMs });
    this.#metrics.addMetric(durationMetric, MetricUnit.Milliseconds, durationMs);
  }

  metric(name: string, unit: Unit, value: number): void {
    this.#metrics.addMetric(name, unit, value);
  }

  /** Applies to all metrics of this invocation. */
  dimension(name: string, value: string): void {
    this.#metrics.addDimension(name, value);
  }

  /** Writes the metrics. Call it once, at the end of every invocation, failed or not. */
  flush(): void {
    this.#metrics.publishStoredMetrics();
  }
}
