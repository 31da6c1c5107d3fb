/** The CloudFormation template that `npx serverless package` makes: what will be deployed, for both stages. */
import { readFile, rm, mkdtemp } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { definitions } from "../../src/extract/definitions";
import { keyLayouts, manifestKey, objectKey } from "../../src/extract/object-key";
import type { Month } from "../../src/platform/month";
import { command } from "../support/packaged";

jest.setTimeout(60_000);

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

type Resources = Readonly<Record<string, Resource>>;

async function template(
  stage: string,
): Promise<{ resources: Resources; parameters: Readonly<Record<string, unknown>> }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "template-"));
  try {
    const flags = ["package", "--stage", stage, "--package", directory];
    const { exitCode, stderr } = await command("serverless", flags, {
      TMPDIR: directory,
      AWS_REGION: "eu-west-1",
    });
    expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
    const text = await readFile(path.join(directory, "cloudformation-template-update-stack.json"), "utf8");
    const { Resources, Parameters } = JSON.parse(text) as {
      Resources: Resources;
      Parameters: Record<string, unknown>;
    };
    return { resources: Resources, parameters: Parameters };
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe("the template", () => {
  let resources: Resources;
  let parameters: Readonly<Record<string, unknown>>;
  beforeAll(async () => ({ resources, parameters } = await template("prod")));

  const properties = (name: string) => resources[name]?.Properties;

  it("runs extract, verify, announce and notify on a current Node.js, on arm64", () => {
    const functions = Object.values(resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
    expect(functions.map(({ Properties }) => Properties["Handler"]).sort()).toEqual([
      "src/extract/lambda.announce",
      "src/extract/lambda.extract",
      "src/extract/lambda.notify",
      "src/extract/lambda.verify",
    ]);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
    }
  });

  it("schedules the extract on the first of the month in UTC, with the scheduled time in the event, and verify every day", () => {
    const schedule = (cron: string) => ({
      ScheduleExpression: cron,
      ScheduleExpressionTimezone: "UTC",
      State: "ENABLED",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Input: '{"scheduledTime":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 21_600 },
      },
    });
    expect(properties("ExtractSchedulerSchedule1")).toMatchObject(schedule("cron(0 3 1 * ? *)"));
    expect(properties("VerifySchedulerSchedule1")).toMatchObject(schedule("cron(0 9 * * ? *)"));
  });

  it.each(["Extract", "Verify", "Announce"])(
    "sends every failure of %s to notify, after the last retry",
    (name) => {
      expect(properties(`${name}LambdaEvConf`)).toMatchObject({
        DestinationConfig: {
          OnFailure: { Destination: { "Fn::GetAtt": ["NotifyLambdaFunction", "Arn"] } },
        },
        MaximumRetryAttempts: 2,
        MaximumEventAgeInSeconds: 21_600,
      });
      expect(properties(`${name}LambdaEvConf`)).not.toHaveProperty("DestinationConfig.OnSuccess");
    },
  );

  it("invokes announce for every manifest, and for no other object", () => {
    const [rule, ...others] = Object.values(resources).filter(({ Type }) => Type === "AWS::Events::Rule");
    expect(others).toEqual([]);
    const wildcard = "*_manifests/*.json";
    expect(rule?.Properties).toMatchObject({
      EventPattern: {
        source: ["aws.s3"],
        "detail-type": ["Object Created"],
        detail: { bucket: { name: [{ Ref: "ExtractsBucket" }] }, object: { key: [{ wildcard }] } },
      },
      State: "ENABLED",
      Targets: [{ Arn: { "Fn::GetAtt": ["AnnounceLambdaFunction", "Arn"] } }],
    });
    const pattern = new RegExp(`^${wildcard.replaceAll(".", "[.]").replaceAll("*", ".*")}$`);
    for (const { folder } of definitions) {
      for (const prefix of ["", "eu/"]) {
        for (const folders of keyLayouts) {
          const month = "2026-09" as Month;
          expect(manifestKey({ prefix }, folder, month)).toMatch(pattern);
          expect(objectKey({ prefix, folders }, folder, "FirstNational", month)).not.toMatch(pattern);
        }
      }
    }
  });

  it("lets one extract run at a time, in the network of the database", () => {
    expect(properties("ExtractLambdaFunction")).toMatchObject({
      ReservedConcurrentExecutions: 1,
      VpcConfig: {
        SecurityGroupIds: [{ Ref: "LambdaSecurityGroupId" }],
        SubnetIds: { "Fn::Split": [",", { Ref: "PrivateSubnetIds" }] },
      },
    });
  });

  it("gives the functions their settings, and no secret", () => {
    expect(properties("ExtractLambdaFunction")?.["Environment"]).toEqual({
      Variables: {
        DB_SECRET_ID: { Ref: "DatabaseSecretArn" },
        EXTRACT_BUCKET: { Ref: "ExtractsBucket" },
        EXTRACT_KMS_KEY_ID: { Ref: "ExtractsKeyArn" },
        NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem",
      },
    });
    expect(properties("AnnounceLambdaFunction")?.["Environment"]).toEqual({
      Variables: {
        EXTRACT_BUCKET: { Ref: "ExtractsBucket" },
        ANNOUNCE_TOPIC_ARN: { Ref: "AnnounceTopicArn" },
      },
    });
    expect(properties("NotifyLambdaFunction")?.["Environment"]).toEqual({
      Variables: { NOTIFY_TOPIC_ARN: { Ref: "NotifyTopicArn" } },
    });
  });

  it("reads every name from an SSM parameter of its stage, when it is deployed", () => {
    const names = ["announce-topic-arn", "database-secret-arn", "extracts-bucket", "extracts-key-arn"];
    const defaults = Object.values(parameters).map((each) => (each as { Default: string }).Default);
    expect(defaults.sort()).toEqual(
      [...names, "lambda-security-group-id", "notify-topic-arn", "private-subnet-ids"].map(
        (name) => `/bank-batch/prod/${name}`,
      ),
    );
  });

  it("keeps the logs for 400 days", () => {
    const groups = Object.values(resources).filter(({ Type }) => Type === "AWS::Logs::LogGroup");
    expect(groups.map(({ Properties }) => Properties["RetentionInDays"])).toEqual([400, 400, 400, 400]);
  });

  it("schedules nothing on the stage dev", async () => {
    const dev = await template("dev");
    const schedules = Object.values(dev.resources).filter(({ Type }) => Type === "AWS::Scheduler::Schedule");
    expect(schedules.map(({ Properties }) => Properties["State"])).toEqual(["DISABLED", "DISABLED"]);
  });
});
