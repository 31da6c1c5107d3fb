/** The state machines of a deployment stage, as Step Functions knows them. */
import {
  type ExecutionListItem,
  type ExecutionStatus,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
  type SFNServiceException as ServiceException,
} from "@aws-sdk/client-sfn";

import { isMisconfigured, misconfigured, unreachableHint } from "../../src/platform/aws";
import type { Edge } from "../../src/platform/edge";
import { BatchError } from "../../src/platform/errors";

export interface StateMachine {
  /** `intake` or `backfill`. */
  readonly pipeline: string;
  readonly arn: string;
}

export function stepFunctions({ aws }: Edge): SFNClient {
  return new SFNClient(aws.config);
}

/** The stage's state machines: `bank-batch-intake-prod` and `bank-batch-backfill-prod`, if they are deployed. */
export async function stateMachinesOf(
  client: SFNClient,
  stage: string,
  { deadline }: Edge,
): Promise<StateMachine[]> {
  const found: StateMachine[] = [];
  let nextToken: string | undefined;
  do {
    const page = await asked(
      client.send(new ListStateMachinesCommand({ nextToken }), { abortSignal: deadline.signal }),
    );
    for (const { name = "", stateMachineArn: arn = "" } of page.stateMachines ?? []) {
      const [, pipeline, of] = /^bank-batch-([a-z]+)-([a-z][a-z0-9]*)$/.exec(name) ?? [];
      if (pipeline !== undefined && of === stage) found.push({ pipeline, arn });
    }
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return found;
}

/** The newest executions of a status, the newest first. */
export async function executionsOf(
  client: SFNClient,
  stateMachineArn: string,
  statusFilter: ExecutionStatus,
  maxResults: number,
  { deadline }: Edge,
): Promise<readonly ExecutionListItem[]> {
  const command = new ListExecutionsCommand({ stateMachineArn, statusFilter, maxResults });
  const { executions = [] } = await asked(client.send(command, { abortSignal: deadline.signal }));
  return executions;
}

/** @throws ConfigError if no request can be sent, BatchError if Step Functions refuses it. */
export async function asked<Answer>(request: Promise<Answer>): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    if (isMisconfigured(error)) throw misconfigured(error);
    if (error instanceof BatchError) throw error;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if ((error as Partial<ServiceException>).$metadata?.httpStatusCode === undefined) {
      throw new BatchError(`Step Functions did not answer: ${why}`, {
        hint: unreachableHint(error, "Check the network path to Step Functions."),
        cause: error,
      });
    }
    throw new BatchError(`Step Functions refuses the request: ${why}`, {
      hint: "Use a login that has states:ListStateMachines, ListExecutions, DescribeExecution, GetExecutionHistory and, to start one, StartExecution.",
      cause: error,
    });
  }
}
