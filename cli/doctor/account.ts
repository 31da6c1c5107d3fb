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
  "intake-database-secret-arn",
  "intake-key-arn",
  "permissions-boundary-arn",
] as const;

/** What only serverless.intake.yml reads; a test compares them. The first one says whether the stage has intake. */
export const intakeParameterNames = ["landing-bucket", "intake-bucket", "intake-topic-arn"] as const;

export type ParameterName = (typeof parameterNames)[number] | (typeof intakeParameterNames)[number];
export type Parameters = Readonly<Partial<Record<ParameterName, string>>>;

/** The stacks, by the file that describes each of them. */
export type Service = "bank-batch" | "bank-batch-backfill" | "bank-batch-intake" | "bank-batch-lake";
export const configOf: Readonly<Record<Service, string>> = {
  "bank-batch": "serverless.yml",
  "bank-batch-backfill": "serverless.backfill.yml",
  "bank-batch-intake": "serverless.intake.yml",
  "bank-batch-lake": "serverless.lake.yml",
};

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
export function functionName(
  { stage }: Pick<Account, "stage">,
  task: string,
  service: Service = "bank-batch",
): string {
  return `${service}-${stage}-${task}`;
}
