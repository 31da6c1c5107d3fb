/**
 * Executes both state machines on Moto, through the API of Step Functions. Moto's interpreter is by others (LocalStack's).
 *
 * What Moto 5.2.5 can't do: run our functions, which would need Docker. Its Lambdas give the answers that are prepared for
 * them, in order, whichever is asked; they can't fail, so no `Retry` and no `Catch` is taken, and pieces that run at the
 * same time get the same kind of answer. The interpreter of the tests takes all of these ways.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import { zipSync } from "fflate";

import { commandLine } from "../support/command-line";
import { type MachineName, readDefinition, resourceOf, taskStates } from "../support/asl";

const REGION = "us-east-1";
const STAGE = "dev";
const ACCOUNT = "123456789012";
const credentials = { accessKeyId: "moto", secretAccessKey: "moto" };
const role = `arn:aws:iam::${ACCOUNT}:role/test`;

/** What an execution is given, what its functions answer, and how it should end. */
interface Case {
  readonly name: string;
  readonly machine: MachineName;
  readonly input: object;
  readonly answers: readonly object[];
  readonly status: string;
  readonly states: readonly string[];
}

const arrival = { id: "1", key: "landing/Bank/loans_20260930T220000Z.dat" };
const piece = (month: string, more: object = {}) => ({
  ...{ step: "extract", extract: "loan_detail", from: month, to: month, lake: false, options: {}, done: [] },
  ...more,
});
const done = [{ month: "2026-01", status: "published", revision: 1 }];
const planned = { input: { months: ["2026-01"] }, pieces: [piece("2026-01")] };

const cases: readonly Case[] = [
  {
    ...{
      name: "a delivery that is loaded",
      machine: "intake",
      input: { bucket: "landing" },
      status: "SUCCEEDED",
    },
    answers: [
      { arrival, step: "received" },
      { arrival, load: { outcome: "loaded" } },
      { stage: {} },
      { outcome: "loaded" },
    ],
    states: ["Receive", "WasSettled", "Load", "WasLoaded", "Stage", "Settle", "Settled"],
  },
  {
    ...{ name: "a delivery that was settled before", machine: "intake", input: {}, status: "SUCCEEDED" },
    answers: [{ arrival, step: "settled" }],
    states: ["Receive", "WasSettled", "Settled"],
  },
  {
    ...{ name: "a backfill in two runs, with the lake", machine: "backfill", input: {}, status: "SUCCEEDED" },
    answers: [
      planned,
      piece("2026-01"),
      piece("2026-01", { step: "lake", lake: true, done }),
      { runId: "run-1", months: [] },
      { outcome: "done" },
    ],
    states: [
      ...[
        "Plan",
        "Pieces",
        "Extract",
        "WhatIsLeft",
        "Extract",
        "WhatIsLeft",
        "LakeMonths",
        "Lake",
        "PieceEnds",
      ],
      ...["Report", "IsDone", "Done"],
    ],
  },
  {
    ...{ name: "a backfill that is not done", machine: "backfill", input: {}, status: "FAILED" },
    answers: [planned, piece("2026-01", { step: "end" }), { outcome: "failed" }],
    states: ["Plan", "Pieces", "Extract", "WhatIsLeft", "PieceEnds", "Report", "IsDone", "Failed"],
  },
];

/** @returns what is wrong, a line each. */
export async function checkStateMachines(endpoint: string): Promise<string[]> {
  const settings = { endpoint, region: REGION, credentials };
  await posted(`${endpoint}/moto-api/reset`, {});
  await posted(`${endpoint}/moto-api/config`, {
    stepfunctions: { execute_state_machine: true },
    lambda: { use_docker: false },
  });
  await createRole(endpoint);
  const [stepFunctions, lambda] = [new SFNClient(settings), new LambdaClient(settings)];
  try {
    const wrong: string[] = [];
    const machines = { intake: "", backfill: "" };
    for (const name of ["intake", "backfill"] as const)
      machines[name] = await created(stepFunctions, lambda, name);
    for (const each of cases)
      wrong.push(...(await problemsOf(endpoint, stepFunctions, machines[each.machine], each)));
    wrong.push(...(await problemsOfStatus(endpoint)));
    return wrong;
  } finally {
    stepFunctions.destroy();
    lambda.destroy();
  }
}

/** The state machine's ARN, with a function for each of its tasks. */
async function created(stepFunctions: SFNClient, lambda: LambdaClient, name: MachineName): Promise<string> {
  const definition = readDefinition(name);
  const code = { ZipFile: zipSync({ "index.js": new Uint8Array() }) };
  for (const FunctionName of new Set(taskStates(definition).map(resourceOf))) {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: "nodejs20.x",
        Role: role,
        Handler: "index.handler",
        Code: code,
      }),
    );
  }
  const substituted = JSON.stringify(definition).replace(
    /\$\{(\w+)\}/g,
    `arn:aws:lambda:${REGION}:${ACCOUNT}:function:$1`,
  );
  const command = new CreateStateMachineCommand({
    name: `bank-batch-${name}-${STAGE}`,
    definition: substituted,
    roleArn: role,
  });
  const { stateMachineArn = "" } = await stepFunctions.send(command);
  return stateMachineArn;
}

async function problemsOf(
  endpoint: string,
  client: SFNClient,
  stateMachineArn: string,
  { name, input, answers, status, states }: Case,
): Promise<string[]> {
  const results = answers.map((answer) => JSON.stringify(answer));
  await posted(`${endpoint}/moto-api/static/lambda-simple/response`, { results, region: REGION });
  const { executionArn = "" } = await client.send(
    new StartExecutionCommand({ stateMachineArn, name: randomUUID(), input: JSON.stringify(input) }),
  );
  const ended = await endOf(client, executionArn);
  const { events = [] } = await client.send(
    new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
  );
  const entered = events.flatMap(({ stateEnteredEventDetails: details }) => details?.name ?? []);
  const expected = `${status}: ${states.join(", ")}`;
  const found = `${ended}: ${entered.join(", ")}`;
  return found === expected ? [] : [`${name}: expected ${expected}\n  but found ${found}`];
}

/** `status` lists the one execution that has failed, and none that has ended well. */
async function problemsOfStatus(endpoint: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await commandLine(["status", "--stage", STAGE, "--json"], {
    ...{ AWS_ENDPOINT_URL: endpoint, AWS_REGION: REGION },
    ...{ AWS_ACCESS_KEY_ID: "moto", AWS_SECRET_ACCESS_KEY: "moto" },
  });
  if (exitCode !== 0) return [`status: ${stderr}`];
  const { executions } = JSON.parse(stdout) as { executions: { pipeline: string; status: string }[] };
  const found = executions.map(({ pipeline, status }) => `${pipeline} ${status}`).join(", ");
  return found === "backfill FAILED" ? [] : [`status: expected backfill FAILED, but found ${found}`];
}

async function endOf(client: SFNClient, executionArn: string): Promise<string> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const { status = "" } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status !== "RUNNING" || Date.now() > giveUpAt) return status;
    await sleep(100);
  }
}

async function posted(url: string, body: object): Promise<void> {
  const { ok, status } = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!ok) throw new Error(`${url} answers ${status}`);
}

/** Moto refuses a function without a role. It reads the service from the header and checks no signature. */
async function createRole(endpoint: string): Promise<void> {
  const { ok, status } = await fetch(endpoint, {
    method: "POST",
    headers: {
      Authorization: `AWS4-HMAC-SHA256 Credential=moto/20260101/${REGION}/iam/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({
      ...{ Action: "CreateRole", Version: "2010-05-08", RoleName: "test" },
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      }),
    }),
  });
  if (!ok) throw new Error(`Moto creates no role: ${status}`);
}
