/** One deployment stage in an AWS account, as the doctor sees it: clients that only read, and the stage's names. */
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SSMClient } from "@aws-sdk/client-ssm";

import type { AwsClients, SharedClientConfig } from "../../src/platform/aws";
import type { Deadline } from "../../src/platform/deadline";
import type { Variables } from "../../src/platform/settings";

/** What serverless.yml reads from SSM, below `/bank-batch/<stage>/`; a test compares them. */
export const parameterNames = [
  "database-secret-arn",
  "master-secret-arn",
  "master-secret-key-arn",
  "extracts-bucket",
  "extracts-key-arn",
  "notify-topic-arn",
  "notify-dead-letter-queue-arn",
  "announce-topic-arn",
  "lambda-security-group-id",
  "private-subnet-ids",
] as const;

export type Parameters = Readonly<Partial<Record<(typeof parameterNames)[number], string>>>;

export interface Clients extends AwsClients {
  readonly ssm: SSMClient;
  readonly lambda: LambdaClient;
  readonly scheduler: SchedulerClient;
}

export interface Account {
  readonly stage: string;
  readonly clients: Clients;
  /** The settings that the database's address and encryption may come from. */
  readonly environment: Variables;
  readonly deadline: Deadline;
}

/** @param shared as for the program's own clients. */
export async function accountClients(aws: AwsClients, shared: SharedClientConfig = {}): Promise<Clients> {
  const [{ SSMClient }, { LambdaClient }, { SchedulerClient }] = await Promise.all([
    import("@aws-sdk/client-ssm"),
    import("@aws-sdk/client-lambda"),
    import("@aws-sdk/client-scheduler"),
  ]);
  return {
    ...aws,
    ssm: new SSMClient(shared),
    lambda: new LambdaClient(shared),
    scheduler: new SchedulerClient(shared),
  };
}

/** osls names functions `<service>-<stage>-<task>`. */
export function functionName({ stage }: Pick<Account, "stage">, task: string): string {
  return `bank-batch-${stage}-${task}`;
}
