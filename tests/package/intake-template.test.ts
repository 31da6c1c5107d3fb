/** The CloudFormation template of intake's own stack, made by `npx serverless package`. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { serverless } from "../support/packaged";
import { type Definition, readDefinition, resourceOf, taskStates } from "../support/asl";

jest.setTimeout(120_000);

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

let resources: Readonly<Record<string, Resource>>;
beforeAll(async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), "template-"));
  try {
    const flags = ["--config", "serverless.intake.yml", "--stage", "prod", "--package", directory];
    const { exitCode, stderr } = await serverless(["package", ...flags], {
      TMPDIR: directory,
      AWS_REGION: "eu-west-1",
    });
    if (exitCode !== 0) throw new Error(stderr);
    const text = await readFile(path.join(directory, "cloudformation-template-update-stack.json"), "utf8");
    ({ Resources: resources } = JSON.parse(text) as { Resources: typeof resources });
  } finally {
    await rm(directory, { recursive: true });
  }
});

const properties = (name: string) => resources[name]?.Properties ?? {};
const arnOf = (name: string) => ({ "Fn::GetAtt": [name, "Arn"] });

it("has a function for each step and the starter, each with a role of its own", () => {
  const functions = Object.values(resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
  const found = functions.map(({ Properties }) => [Properties["Handler"], Properties["Role"]]);
  expect(found.sort()).toEqual([
    ["src/intake/lambda.load", arnOf("LoadRole")],
    ["src/intake/lambda.receive", arnOf("ReceiveRole")],
    ["src/intake/lambda.settle", arnOf("SettleRole")],
    ["src/intake/lambda.stage", arnOf("StageRole")],
    ["src/intake/lambda.start", arnOf("StartRole")],
  ]);
});

it("has the definition that the tests run, with a function for each of its tasks", () => {
  const definition = readDefinition("intake");
  const { Definition: packaged, DefinitionSubstitutions } = properties("StateMachine");
  expect(packaged).toEqual(definition);
  const used = taskStates(definition).map(resourceOf);
  expect(Object.keys(DefinitionSubstitutions as object).sort()).toEqual([...new Set(used)].sort());
});

it("gives no function more time than its task in the state machine waits for it", () => {
  for (const state of taskStates(properties("StateMachine")["Definition"] as Definition)) {
    const name = resourceOf(state).replace("Intake", "");
    expect(properties(`${name}LambdaFunction`)["Timeout"]).toBeLessThan(state.TimeoutSeconds);
  }
});

it("keeps the events of landing/ in a queue, with a dead-letter queue and partial batch responses", () => {
  expect(properties("LandingRule")).toMatchObject({
    EventPattern: { detail: { object: { key: [{ prefix: "landing/" }] } } },
    Targets: [{ Arn: arnOf("Queue") }],
  });
  expect(properties("Queue")["RedrivePolicy"]).toMatchObject({
    deadLetterTargetArn: arnOf("DeadLetterQueue"),
  });
  expect(properties("StartEventSourceMappingSQSQueue")).toMatchObject({
    EventSourceArn: arnOf("Queue"),
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    ScalingConfig: { MaximumConcurrency: 5 },
  });
  const { VisibilityTimeout: timeout } = properties("Queue") as { VisibilityTimeout: number };
  expect(timeout).toBe(6 * Number(properties("StartLambdaFunction")["Timeout"]));
});

it("gives every function the settings that its handler reads", () => {
  const settingsOf = (name: string) => {
    const { Environment } = properties(`${name}LambdaFunction`) as { Environment: { Variables: object } };
    return Object.keys(Environment.Variables).sort();
  };
  const buckets = ["INTAKE_BUCKET", "INTAKE_KMS_KEY_ID"];
  expect(settingsOf("Start")).toEqual(["INTAKE_STATE_MACHINE_ARN"]);
  expect(settingsOf("Receive")).toEqual([...buckets, "LANDING_BUCKET"]);
  expect(settingsOf("Load")).toEqual([
    ...["INTAKE_BUCKET", "INTAKE_DB_SECRET_ID", "INTAKE_KMS_KEY_ID", "NODE_EXTRA_CA_CERTS"],
  ]);
  expect(settingsOf("Stage")).toEqual(buckets);
  expect(settingsOf("Settle")).toEqual([
    ...["INTAKE_BUCKET", "INTAKE_KMS_KEY_ID", "INTAKE_TOPIC_ARN", "LANDING_BUCKET", "NOTIFY_TOPIC_ARN"],
  ]);
});

it("tells people of failed, timed-out and throttled executions, dead letters and messages that wait", () => {
  const alarms = Object.values(resources).filter(({ Type }) => Type === "AWS::CloudWatch::Alarm");
  expect(alarms.map(({ Properties }) => Properties["MetricName"]).sort()).toEqual([
    ...["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"],
    ...["ExecutionThrottled", "ExecutionsFailed", "ExecutionsTimedOut"],
  ]);
  for (const { Properties } of alarms)
    expect(Properties["AlarmActions"]).toEqual([{ Ref: "NotifyTopicArn" }]);
});

it("logs and traces executions", () => {
  expect(properties("StateMachine")).toMatchObject({
    TracingConfiguration: { Enabled: true },
    LoggingConfiguration: { Level: "ERROR", IncludeExecutionData: false },
  });
});
