/** The backfill's service as it is packaged: its template, and its state machine with its functions in clean processes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { CreateMultipartUploadCommand } from "@aws-sdk/client-s3";
import type { Context } from "aws-lambda";
import { unzipSync } from "fflate";

import { PIECE_MS } from "../../src/extract/backfill/plan";
import { type Definition, readDefinition, resourceOf, taskStates } from "../support/asl";
import { FunctionHost } from "../support/function-host";
import { lake as lakeHandler } from "../support/handlers";
import { LakeWorld } from "../support/lake-world";
import { serverless } from "../support/packaged";
import { execute, type Json, type Tasks } from "../support/state-machine";

jest.setTimeout(120_000);

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

let directory: string;
let resources: Readonly<Record<string, Resource>>;
let files: Readonly<Record<string, Uint8Array>>;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), "backfill-package-"));
  const flags = ["package", "--config", "serverless.backfill.yml", "--stage", "prod", "--package", directory];
  const { exitCode, stderr } = await serverless(flags, { TMPDIR: directory, AWS_REGION: "eu-west-1" });
  if (exitCode !== 0) throw new Error(stderr);
  const template = await readFile(path.join(directory, "cloudformation-template-update-stack.json"), "utf8");
  resources = (JSON.parse(template) as { Resources: typeof resources }).Resources;
  files = unzipSync(await readFile(path.join(directory, "bank-batch-backfill.zip")));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, "task", name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
});
afterAll(() => rm(directory, { recursive: true }));

const properties = (name: string) => resources[name]?.Properties ?? {};
const arnOf = (name: string) => ({ "Fn::GetAtt": [name, "Arn"] });

describe("the template", () => {
  it("has the definition that the tests run, with a function for each of its tasks", () => {
    const definition = readDefinition("backfill");
    const { Definition: packaged, DefinitionSubstitutions: functions } = properties("StateMachine");
    expect(packaged).toEqual(definition);
    expect(Object.keys(functions as object).sort()).toEqual(taskStates(definition).map(resourceOf).sort());
    expect(functions).toMatchObject({
      BackfillPlan: arnOf("PlanLambdaFunction"),
      BackfillPiece: arnOf("PieceLambdaFunction"),
      BackfillReport: arnOf("ReportLambdaFunction"),
    });
  });

  it("gives no function more time than its task waits for it, and a piece twice the time for which it is planned", () => {
    for (const state of taskStates(properties("StateMachine")["Definition"] as Definition)) {
      const name = resourceOf(state).replace("Backfill", "");
      const timeout = name === "Lake" ? 900 : properties(`${name}LambdaFunction`)["Timeout"];
      expect(timeout).toBeLessThan(state.TimeoutSeconds);
    }
    expect(properties("PieceLambdaFunction")["Timeout"]).toBe((2 * PIECE_MS) / 1000);
  });

  it("reserves a function for each piece that runs at once", () => {
    const { States: states } = readDefinition("backfill");
    expect(properties("PieceLambdaFunction")["ReservedConcurrentExecutions"]).toBe(
      (states["Pieces"] as { MaxConcurrency?: number }).MaxConcurrency,
    );
  });

  it("gives each function a role of its own, and the state machine one that invokes them and the lake", () => {
    for (const name of ["Plan", "Piece", "Report"]) {
      expect(properties(`${name}LambdaFunction`)["Role"]).toEqual({ "Fn::Sub": `\${${name}Role.Arn}` });
    }
    const { Policies: policies } = properties("StateMachineRole") as {
      Policies: {
        PolicyName: string;
        PolicyDocument: { Statement: { Action: unknown; Resource: unknown }[] };
      }[];
    };
    const tasks = policies.find(({ PolicyName }) => PolicyName === "tasks");
    expect(tasks?.PolicyDocument.Statement).toEqual([
      {
        Effect: "Allow",
        Action: "lambda:InvokeFunction",
        Resource: [
          ...["Plan", "Piece", "Report"].map((name) => arnOf(`${name}LambdaFunction`)),
          { "Fn::Sub": expect.stringMatching(/:function:bank-batch-lake-prod-lake$/) as string },
        ],
      },
    ]);
  });

  it("logs and traces executions, and tells people of those that failed, timed out or were throttled", () => {
    expect(properties("StateMachine")).toMatchObject({
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: "ERROR", IncludeExecutionData: false },
    });
    const alarms = Object.values(resources).filter(({ Type }) => Type === "AWS::CloudWatch::Alarm");
    expect(alarms.map(({ Properties }) => Properties["MetricName"]).sort()).toEqual([
      "ExecutionThrottled",
      "ExecutionsFailed",
      "ExecutionsTimedOut",
    ]);
    for (const { Properties } of alarms)
      expect(Properties["AlarmActions"]).toEqual([{ Ref: "NotifyTopicArn" }]);
  });

  it("gives every function the settings that its handler reads, and no secret", () => {
    const settingsOf = (name: string) => {
      const { Environment } = properties(`${name}LambdaFunction`) as { Environment: { Variables: object } };
      return Object.keys(Environment.Variables).sort();
    };
    expect(settingsOf("Plan")).toEqual(["EXTRACT_BUCKET"]);
    expect(settingsOf("Piece")).toEqual([
      ...["DB_SECRET_ID", "EXTRACT_BUCKET", "EXTRACT_KMS_KEY_ID", "NODE_EXTRA_CA_CERTS"],
    ]);
    expect(settingsOf("Report")).toEqual(["NOTIFY_TOPIC_ARN"]);
  });
});

describe("a backfill of 60 months", () => {
  const context = {
    functionName: "bank-batch-lake-prod-lake",
    awsRequestId: "request-1",
    getRemainingTimeInMillis: () => 60_000,
  } as Context;
  /** `npm run test:races` brings every month into the lake too. */
  const lakeToo = process.env["BACKFILL_LAKE"] === "1" ? { lake: true } : {};
  const input = { from: "2021-10", to: "2026-09", allowEmpty: true, ...lakeToo };

  let lake: LakeWorld;
  let hosts: Readonly<Record<"plan" | "piece" | "report", FunctionHost>>;
  beforeAll(async () => {
    lake = await LakeWorld.create("seeded");
    const topic = lake.world.aws.createTopic("people");
    const environment = { ...lake.environment, NOTIFY_TOPIC_ARN: topic };
    Object.assign(process.env, environment);
    const host = (name: string) =>
      new FunctionHost(
        path.join(directory, "task"),
        `src/extract/backfill/lambda.${name}`,
        "bank-batch-backfill",
        environment,
      );
    hosts = { plan: host("plan"), piece: host("piece"), report: host("report") };
    for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await Promise.all(Object.values(hosts).map((host) => host.stop()));
    await lake.close();
  });

  /** The functions; the first call of each finds AWS broken, unless it is healthy. */
  function tasks(isHealthy = false): Tasks {
    const called = new Set<string>();
    const broken = (name: string, invoke: (given: Json) => Promise<unknown>) => async (given: Json) => {
      if (isHealthy || called.has(name)) return invoke(given);
      called.add(name);
      const mend = lake.world.aws.onRequest(({ service, operation }) =>
        service === "sns" || (service === "s3" && operation !== "HeadObject")
          ? { respond: { status: 500, code: "InternalError", message: "AWS is broken" } }
          : undefined,
      );
      try {
        return await invoke(given);
      } finally {
        mend();
      }
    };
    return {
      BackfillPlan: broken("plan", (given) => hosts.plan.invoke(given)),
      BackfillPiece: broken("piece", (given) => hosts.piece.invoke(given)),
      BackfillReport: broken("report", (given) => hosts.report.invoke(given)),
      Lake: broken("lake", (given) => lakeHandler(given, context)),
    };
  }

  const run = (given: Json, isHealthy?: boolean) =>
    execute(readDefinition("backfill"), tasks(isHealthy), given);
  const messages = () => lake.world.aws.messages.filter(({ topicArn }) => topicArn.endsWith(":people"));

  it("goes on after a failure of each step, does every month but those that can't be right, and says how to go on", async () => {
    // It has no account, so no bank: its month, and the two windows that it is in, don't reconcile.
    await lake.world.sql("insert into loans (idloan, amount, loan_date) values (1, 100, '2024-02-10')");
    // What a run that died has left.
    const Key = "FirstNational/2026/08/FirstNational_20260831.csv";
    await lake.world.s3.send(new CreateMultipartUploadCommand({ Bucket: lake.world.bucket, Key }));
    // So that there is a duration to plan by.
    await lake.world.run({ month: "2026-09" });
    const { status, output, path: states } = await run(input);
    expect(status).toBe("FAILED");
    for (const state of ["Plan", "Extract", "Report", ...("lake" in lakeToo ? ["Lake"] : [])])
      expect(states.filter((each) => each === state).length).toBeGreaterThan(1);
    const { done, failed, goOn } = output as { done: { month: string }[]; failed: unknown[]; goOn: Json };
    expect(failed).toMatchObject([{ from: "2024-02", to: "2024-09", error: "ReconciliationError" }]);
    expect(done).toHaveLength(60 - 8);
    expect(goOn).toEqual({ from: "2024-02", to: "2024-09", allowEmpty: true, ...lakeToo });
    expect(messages()).toHaveLength(1);
    expect(messages()[0]?.message).toContain(
      `npx bank-batch backfill --from 2024-02 --to 2024-09 --allow-empty${"lake" in lakeToo ? " --lake" : ""} --stage prod`,
    );

    await lake.world.sql("delete from loans where idloan = 1");
    const second = await run(goOn, true);
    expect([second.status, second.path.filter((each) => each === "Extract")]).toEqual([
      "SUCCEEDED",
      ["Extract"],
    ]);
    expect(await lake.world.keys("_manifests/")).toHaveLength(60);
    expect(await lake.world.openUploads()).toEqual([]);
    for (const tenant of lake.tenants)
      for (const month of "lake" in lakeToo ? ["2021-10", "2024-02", "2026-09"] : [])
        expect(await lake.listed(tenant, "loan_moving_average", month)).toHaveLength(1);
  });

  it("changes nothing when it is asked for again, and then has the months in the lake", async () => {
    const before = await lake.world.manifest("2026-09");
    const { status, output } = await run({ from: "2026-08", to: "2026-09", lake: true });
    expect([status, output]).toMatchObject([
      "SUCCEEDED",
      { done: [{ status: "unchanged" }, { status: "unchanged" }] },
    ]);
    expect(await lake.world.manifest("2026-09")).toEqual(before);
    for (const tenant of lake.tenants)
      expect(await lake.listed(tenant, "loan_moving_average", "2026-09")).toHaveLength(1);
  });

  it("leaves a published month as it is, and says how many rows would change", async () => {
    await lake.world.sql(
      "update loans set amount = amount + 1 where idloan = (select min(idloan) from loans where loan_date >= '2026-09-01' and loan_date < '2026-10-01')",
    );
    const before = await lake.world.manifest("2026-09");
    const { status, output } = await run({ from: "2026-09", to: "2026-09" }, true);
    expect(status).toBe("FAILED");
    const message = expect.stringContaining("1 row changed") as string;
    expect(output).toMatchObject({ failed: [{ error: "AlreadyPublishedError", message }] });
    expect(await lake.world.manifest("2026-09")).toEqual(before);
  });
});
