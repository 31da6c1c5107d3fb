/** The stage's stacks on Moto, as far as the doctor looks at them: functions, schedules, queues. Moto can't deploy the stacks. */
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { zipSync } from "fflate";

import { configOf } from "../../cli/doctor/account";
import type { Account } from "./account";
import { ACCOUNT, functionsOf, REGION, STAGE } from "./stage";

/** The functions that take messages from a queue. */
const WITH_QUEUE = ["bank-batch-intake", "bank-batch-lake"].flatMap((service) =>
  (service === "bank-batch-lake" ? ["lake", "refine"] : ["start"]).map(
    (task) => `${service}-${STAGE}-${task}`,
  ),
);

export const clientSettings = ({ environment }: Account) => ({
  endpoint: environment["AWS_ENDPOINT_URL"] ?? "",
  region: REGION,
  credentials: { accessKeyId: "moto", secretAccessKey: "moto" },
});

/** CloudFormation makes such a name for a schedule. */
export const scheduleName = (task: string) => `bank-batch-${STAGE}-${task}SchedulerSchedule1-ABCDEFGHIJKL`;

/** The schedule of a function, as serverless.yml has it. */
export const scheduleOf = (task: "extract" | "verify") => ({
  Name: scheduleName(task),
  ScheduleExpression: task === "extract" ? "cron(0 3 1 * ? *)" : "cron(0 9 * * ? *)",
  FlexibleTimeWindow: { Mode: "OFF" as const },
  Target: {
    Arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:bank-batch-${STAGE}-${task}`,
    RoleArn: `arn:aws:iam::${ACCOUNT}:role/bank-batch-${STAGE}-${REGION}-scheduler`,
  },
});

/** @returns the id of the mapping from the lake's queue. */
export async function deployStacks(account: Account): Promise<string> {
  const lambda = new LambdaClient(clientSettings(account));
  const scheduler = new SchedulerClient(clientSettings(account));
  try {
    const Role = await roleOfAll(account);
    const code = { ZipFile: zipSync({ "index.js": new Uint8Array() }) };
    for (const file of Object.values(configOf)) {
      for (const { name: FunctionName, variables: Variables } of await functionsOf(account, file)) {
        const settings = { Runtime: "nodejs22.x", Handler: "index.handler", Role, Code: code } as const;
        await lambda.send(
          new CreateFunctionCommand({ FunctionName, ...settings, Environment: { Variables } }),
        );
      }
    }
    const reserved = { FunctionName: `bank-batch-${STAGE}-extract`, ReservedConcurrentExecutions: 1 };
    await lambda.send(new PutFunctionConcurrencyCommand(reserved));
    for (const task of ["extract", "verify"] as const)
      await scheduler.send(new CreateScheduleCommand({ ...scheduleOf(task), State: "ENABLED" }));
    const mappings = new Map<string, string>();
    for (const FunctionName of WITH_QUEUE) {
      await account.call("sqs", "create_queue", { QueueName: FunctionName });
      const EventSourceArn = `arn:aws:sqs:${REGION}:${ACCOUNT}:${FunctionName}`;
      const { UUID = "" } = await lambda.send(
        new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn }),
      );
      mappings.set(FunctionName, UUID);
    }
    return mappings.get(`bank-batch-lake-${STAGE}-lake`) ?? "";
  } finally {
    lambda.destroy();
    scheduler.destroy();
  }
}

/** Moto wants a role that exists. */
async function roleOfAll(account: Account): Promise<string> {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
    ],
  });
  const { Role: role } = await account.call<{ Role: { Arn: string } }>("iam", "create_role", {
    RoleName: `bank-batch-${STAGE}-${REGION}-all`,
    AssumeRolePolicyDocument,
  });
  return role.Arn;
}
