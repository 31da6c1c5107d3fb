/** The lake's service as `npx serverless package --config serverless.lake.yml` makes it: its template, and its function. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { unzipSync } from "fflate";

import { LakeWorld } from "../support/lake-world";
import { invokeIn, serverless } from "../support/packaged";

jest.setTimeout(120_000);

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

let directory: string;
let resources: Readonly<Record<string, Resource>>;
let files: Readonly<Record<string, Uint8Array>>;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), "lake-package-"));
  const flags = ["package", "--config", "serverless.lake.yml", "--stage", "prod", "--package", directory];
  const { exitCode, stderr } = await serverless(flags, { AWS_REGION: "eu-west-1" });
  if (exitCode !== 0) throw new Error(stderr);
  const template = await readFile(path.join(directory, "cloudformation-template-update-stack.json"), "utf8");
  resources = (JSON.parse(template) as { Resources: typeof resources }).Resources;
  const zip = (await readdir(directory)).find((name) => name.endsWith(".zip")) ?? "";
  files = unzipSync(await readFile(path.join(directory, zip)));
});
afterAll(() => rm(directory, { recursive: true }));

const properties = (name: string) => resources[name]?.Properties;

it("the package has the function and the list of tenants, and nothing else", () => {
  expect(Object.keys(files).sort()).toEqual(["src/lake/lambda.js", "tenants.json"]);
});

it("the function gets announcements and the schedule's message from one queue, and failures stay there", () => {
  expect(properties("LakeEventSourceMappingSQSLakeQueue")).toMatchObject({
    EventSourceArn: { "Fn::GetAtt": ["LakeQueue", "Arn"] },
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    ScalingConfig: { MaximumConcurrency: 2 },
  });
  expect(properties("LakeSubscription")).toMatchObject({
    TopicArn: { Ref: "AnnounceTopicArn" },
    Endpoint: { "Fn::GetAtt": ["LakeQueue", "Arn"] },
  });
  expect(properties("LakeSchedule")).toMatchObject({
    State: "ENABLED",
    Target: { Arn: { "Fn::GetAtt": ["LakeQueue", "Arn"] }, Input: '{"all":true}' },
  });
  const timeout = properties("LakeLambdaFunction")?.["Timeout"] as number;
  expect(properties("LakeQueue")).toMatchObject({
    VisibilityTimeout: 6 * timeout,
    RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": ["LakeDeadLetterQueue", "Arn"] } },
  });
  for (const alarm of ["LakeFailed", "LakeWaits"])
    expect(properties(alarm)).toMatchObject({ AlarmActions: [{ Ref: "NotifyTopicArn" }] });
});

it("the lineage outlives the service", () => {
  expect(resources["LineageTable"]).toMatchObject({
    DeletionPolicy: "Retain",
    Properties: { DeletionProtectionEnabled: true, BillingMode: "PAY_PER_REQUEST" },
  });
});

it("the packaged function brings an announced month into the lake", async () => {
  const lake = await LakeWorld.create("seeded");
  try {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(directory, "task", name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    await lake.world.run({ month: "2026-09" });
    const body = JSON.stringify({ extract: "loan_moving_average", month: "2026-09", revision: 1 });
    const { result, error } = await invokeIn(
      path.join(directory, "task"),
      String(properties("LakeLambdaFunction")?.["Handler"]),
      { Records: [{ eventSource: "aws:sqs", messageId: "1", body }] },
      lake.environment,
    );
    expect([result, error]).toEqual([{ batchItemFailures: [] }, undefined]);
    const { month, files: lineage } = await lake.recorded("loan_moving_average", "2026-09");
    expect(month).toMatchObject({ state: "published", revision: 1 });
    expect(lineage.map((items) => items.length)).toEqual([1, 1, 1, 1]);
  } finally {
    await lake.close();
  }
});
