/** The CloudFormation template that `npx serverless package` makes: what will be deployed, for both stages. */
import { readFile, rm, mkdtemp } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { definitions } from "../../src/extract/definitions";
import { keyLayouts, manifestKey, objectKey } from "../../src/extract/object-key";
import type { Month } from "../../src/platform/month";
import { serverless } from "../support/packaged";

jest.setTimeout(120_000);

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
    const { exitCode, stderr } = await serverless(flags, {
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

const functionsOf = (resources: Resources) =>
  Object.values(resources).filter(({ Type }) => Type === "AWS::Lambda::Function");

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** What a role allows: each action with its resources, the ARNs of the template shortened. */
function allowed(resources: Resources, role: string): string[] {
  const { Policies } = resources[role]?.Properties as {
    Policies: { PolicyDocument: { Statement: Statement[] } }[];
  };
  const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((one) => `${action} ${nameOf(one)}`)),
    )
    .sort();
}

function nameOf(resource: unknown): string {
  if (typeof resource === "string") return resource;
  const { Ref, ...reference } = resource as Record<string, string | readonly string[]>;
  const text = [Ref ?? reference["Fn::GetAtt"] ?? reference["Fn::Sub"] ?? ""].flat().join(".");
  return text.replace(/:\*$/, "").replace(/^.*:(?=[^:]+$)/, "");
}

describe("the template", () => {
  let resources: Resources;
  let parameters: Readonly<Record<string, unknown>>;
  beforeAll(async () => ({ resources, parameters } = await template("prod")));

  const properties = (name: string) => resources[name]?.Properties;

  it("runs all functions on a current Node.js, on arm64", () => {
    const functions = functionsOf(resources);
    expect(functions.map(({ Properties }) => Properties["Handler"]).sort()).toEqual([
      "src/extract/lambda.announce",
      "src/extract/lambda.extract",
      "src/extract/lambda.notify",
      "src/extract/lambda.verify",
      "src/rotation/lambda.rotate",
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
        RoleArn: { "Fn::GetAtt": ["SchedulerRole", "Arn"] },
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

  it("keeps a failure of which notify could not tell people in a dead-letter queue", () => {
    expect(properties("NotifyLambdaEvConf")).toMatchObject({
      DestinationConfig: { OnFailure: { Destination: { Ref: "NotifyDeadLetterQueueArn" } } },
    });
  });

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

  it("lets one extract run at a time", () => {
    expect(properties("ExtractLambdaFunction")).toHaveProperty("ReservedConcurrentExecutions", 1);
  });

  it("puts only extract and rotate into the network of the database", () => {
    const network = {
      SecurityGroupIds: [{ Ref: "LambdaSecurityGroupId" }],
      SubnetIds: { "Fn::Split": [",", { Ref: "PrivateSubnetIds" }] },
    };
    const networks = functionsOf(resources).map(({ Properties }) => [
      Properties["Handler"],
      Properties["VpcConfig"],
    ]);
    expect(networks.filter(([, found]) => found !== undefined)).toEqual([
      ["src/extract/lambda.extract", network],
      ["src/rotation/lambda.rotate", network],
    ]);
  });

  it("lets only Secrets Manager, for this account, invoke rotate", () => {
    const permissions = Object.values(resources).filter(({ Type }) => Type === "AWS::Lambda::Permission");
    const ofRotate = permissions.filter(({ Properties }) =>
      JSON.stringify(Properties["FunctionName"]).includes("RotateLambdaFunction"),
    );
    expect(ofRotate.map(({ Properties }) => Properties)).toEqual([
      {
        FunctionName: { "Fn::GetAtt": ["RotateLambdaFunction", "Arn"] },
        Action: "lambda:InvokeFunction",
        Principal: "secretsmanager.amazonaws.com",
        SourceAccount: { Ref: "AWS::AccountId" },
      },
    ]);
  });

  it("gives each function and the scheduler a role of its own, which only they can take", () => {
    const roles = Object.entries(resources).filter(([, { Type }]) => Type === "AWS::IAM::Role");
    const services = roles.map(([name, { Properties }]) => [
      name,
      (Properties["AssumeRolePolicyDocument"] as { Statement: { Principal: unknown }[] }).Statement.map(
        ({ Principal }) => Principal,
      ),
    ]);
    const names = ["Extract", "Verify", "Announce", "Notify", "Rotate"];
    expect(services).toEqual([
      ...names.map((name) => [`${name}Role`, [{ Service: "lambda.amazonaws.com" }]]),
      ["SchedulerRole", [{ Service: "scheduler.amazonaws.com" }]],
    ]);
    for (const name of names) {
      expect(properties(`${name}LambdaFunction`)).toMatchObject({
        Role: { "Fn::Sub": `\${${name}Role.Arn}` },
      });
    }
  });

  const network = [
    ...["AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface"],
    ...["DescribeNetworkInterfaces", "DescribeSubnets", "UnassignPrivateIpAddresses"],
  ].map((action) => `ec2:${action} *`);
  const failures = ["lambda:InvokeFunction bank-batch-prod-notify"];
  const logs = (name: string) =>
    ["CreateLogStream", "PutLogEvents"].map(
      (action) => `logs:${action} /aws/lambda/bank-batch-prod-${name.toLowerCase()}`,
    );
  it.each([
    [
      "Extract",
      [
        ...network,
        ...["kms:Decrypt ExtractsKeyArn", "kms:GenerateDataKey ExtractsKeyArn"],
        ...failures,
        ...["s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"].map(
          (action) => `${action} \${ExtractsBucket}/*`,
        ),
        ...["s3:ListBucket", "s3:ListBucketMultipartUploads"].map((action) => `${action} \${ExtractsBucket}`),
        "secretsmanager:GetSecretValue DatabaseSecretArn",
      ],
    ],
    [
      "Verify",
      [
        "kms:Decrypt ExtractsKeyArn",
        ...failures,
        ...["s3:GetObject", "s3:GetObjectVersion"].map((action) => `${action} \${ExtractsBucket}/*`),
        "s3:ListBucket ${ExtractsBucket}",
      ],
    ],
    [
      "Announce",
      [
        ...["kms:Decrypt ExtractsKeyArn", "kms:GenerateDataKey ExtractsKeyArn"],
        ...failures,
        ...["s3:GetObject ${ExtractsBucket}/*_manifests/*", "s3:ListBucket ${ExtractsBucket}"],
        "sns:Publish AnnounceTopicArn",
      ],
    ],
    [
      "Notify",
      [
        ...["kms:Decrypt ExtractsKeyArn", "kms:GenerateDataKey ExtractsKeyArn"],
        ...["sns:Publish NotifyTopicArn", "sqs:SendMessage NotifyDeadLetterQueueArn"],
      ],
    ],
    [
      "Rotate",
      [
        ...network,
        ...["ExtractsKeyArn", "IntakeKeyArn", "MasterSecretKeyArn"].map((key) => `kms:Decrypt ${key}`),
        ...["ExtractsKeyArn", "IntakeKeyArn"].map((key) => `kms:GenerateDataKey ${key}`),
        ...["DatabaseSecretArn", "IntakeSecretArn"].flatMap((secret) =>
          ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"].map(
            (action) => `secretsmanager:${action} ${secret}`,
          ),
        ),
        ...["secretsmanager:GetRandomPassword *", "secretsmanager:GetSecretValue MasterSecretArn"],
      ],
    ],
  ])("allows %s its own logs, and nothing that it doesn't need", (name, rights) => {
    expect(allowed(resources, `${name}Role`)).toEqual([...rights, ...logs(name)].sort());
  });

  it("allows the scheduler to invoke its two functions, and nothing else", () => {
    expect(allowed(resources, "SchedulerRole")).toEqual([
      "lambda:InvokeFunction ExtractLambdaFunction.Arn",
      "lambda:InvokeFunction VerifyLambdaFunction.Arn",
    ]);
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
    expect(properties("RotateLambdaFunction")?.["Environment"]).toEqual({
      Variables: { NODE_EXTRA_CA_CERTS: "/var/runtime/ca-cert.pem" },
    });
  });

  it("reads every name from an SSM parameter of its stage, when it is deployed", () => {
    const names = [
      ...["announce-topic-arn", "database-secret-arn", "extracts-bucket", "extracts-key-arn"],
      ...["intake-database-secret-arn", "intake-key-arn"],
      ...["lambda-security-group-id", "master-secret-arn", "master-secret-key-arn"],
      ...[
        "notify-dead-letter-queue-arn",
        "notify-topic-arn",
        "permissions-boundary-arn",
        "private-subnet-ids",
      ],
    ];
    const defaults = Object.values(parameters).map((each) => (each as { Default: string }).Default);
    expect(defaults.sort()).toEqual(names.map((name) => `/bank-batch/prod/${name}`));
  });

  it("has no log groups, which would be deleted with the stack: infra-terraform has them", () => {
    expect(Object.values(resources).filter(({ Type }) => Type === "AWS::Logs::LogGroup")).toEqual([]);
  });

  it("gives every role the permissions boundary of the stage, if there is one", () => {
    for (const { Type, Properties } of Object.values(resources)) {
      if (Type !== "AWS::IAM::Role") continue;
      expect(Properties["PermissionsBoundary"]).toEqual({
        "Fn::If": ["HasPermissionsBoundary", { Ref: "PermissionsBoundaryArn" }, { Ref: "AWS::NoValue" }],
      });
    }
  });

  it("schedules nothing on the stage dev", async () => {
    const dev = await template("dev");
    const schedules = Object.values(dev.resources).filter(({ Type }) => Type === "AWS::Scheduler::Schedule");
    expect(schedules.map(({ Properties }) => Properties["State"])).toEqual(["DISABLED", "DISABLED"]);
  });
});
