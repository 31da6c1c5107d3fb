/** What runs on AWS, and what has failed: for an operator, who then looks at one execution. */
import type { SFNClient } from "@aws-sdk/client-sfn";

import type { Edge } from "../../src/platform/edge";
import { executionsOf, type StateMachine, stateMachinesOf, stepFunctions } from "./state-machines";

export interface ListedExecution {
  /** `intake` or `backfill`. */
  readonly pipeline: string;
  readonly status: string;
  readonly name: string;
  readonly startedAt: string;
  /** Missing while it runs. */
  readonly endedAt?: string;
  readonly arn: string;
}

/** Of an aborted execution, a person knows already. */
const STATUSES = ["RUNNING", "FAILED", "TIMED_OUT"] as const;

/** How many are listed of each state machine and status. */
const NEWEST = 10;

/**
 * The newest executions of a deployment stage that run or have failed, by state machine and status.
 *
 * @throws ConfigError if no request can be sent, BatchError if Step Functions refuses it.
 */
export async function listExecutions(stage: string, edge: Edge): Promise<ListedExecution[]> {
  const client = stepFunctions(edge);
  const machines = await stateMachinesOf(client, stage, edge);
  const found = await Promise.all(machines.map((machine) => listed(client, machine, edge)));
  return found.flat();
}

async function listed(
  client: SFNClient,
  { pipeline, arn: machineArn }: StateMachine,
  edge: Edge,
): Promise<ListedExecution[]> {
  const found = await Promise.all(
    STATUSES.map((status) => executionsOf(client, machineArn, status, NEWEST, edge)),
  );
  return found.flat().map(({ executionArn: arn = "", name = "", status = "", startDate, stopDate }) => ({
    ...{ pipeline, status, name, startedAt: startDate?.toISOString() ?? "" },
    ...(stopDate !== undefined && { endedAt: stopDate.toISOString() }),
    arn,
  }));
}

/** @param paint marks a status. */
export function executionsText(
  stage: string,
  executions: readonly ListedExecution[],
  paint: (isRunning: boolean, text: string) => string,
): string {
  if (executions.length === 0) return `No execution of the stage ${stage} runs, and none has failed.\n`;
  const lines = executions.map(
    ({ pipeline, status, name, startedAt, endedAt }) =>
      `${pipeline.padEnd(8)}  ${paint(status === "RUNNING", status.padEnd(9))}  ${minute(startedAt)}  ${endedAt === undefined ? " ".repeat(16) : minute(endedAt)}  ${name}\n`,
  );
  return `Executions of the stage ${stage}, UTC:\n${lines.join("")}`;
}

function minute(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}
