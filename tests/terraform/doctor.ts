/**
 * The real command line, `bank-batch doctor --stage prod`, looks at what Terraform has applied: its findings are what is in
 * the account. Then things break, and it names each of them and what to do.
 */
import assert from "node:assert/strict";

import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import {
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { SchedulerClient, UpdateScheduleCommand } from "@aws-sdk/client-scheduler";
import { CreateTopicCommand, DeleteTopicCommand, SNSClient } from "@aws-sdk/client-sns";

import { readTenants } from "../../src/lake/tenants";
import { commandLine } from "../support/command-line";
import type { Account } from "./account";
import { clientSettings, deployStacks, scheduleOf } from "./deployed";
import { ACCOUNT, parameter, REGION, STAGE } from "./stage";

const FINE = [
  ...[
    "parameters",
    "secret",
    "tables",
    "indexes",
    "bucket",
    "encryption",
    "events",
    "writing",
    "topic announce",
  ],
  ...["functions", "schedule of extract", "schedule of verify", "functions of backfill"],
  ...["landing bucket", "landing encryption", "landing events"],
  ...["intake bucket", "intake encryption", "intake events", "topic intake"],
  ...["functions of intake", `queue of bank-batch-intake-${STAGE}-start`],
  ...[
    "functions of lake",
    `queue of bank-batch-lake-${STAGE}-lake`,
    `queue of bank-batch-lake-${STAGE}-refine`,
  ],
];

/** What the doctor finds in a whole stage here, although a whole stage in an account has none of it. */
function differencesOfMoto(tenants: readonly string[]): readonly string[] {
  const withoutBucket = readTenants(undefined).filter(({ id }) => !tenants.includes(id));
  return [
    // The database is on this machine.
    "✗ database: postgres on 127.0.0.1 is used without TLS",
    // Moto 5.2.5 counts no subscriptions, and does not know an account's settings.
    "✗ topic notify: nobody has confirmed a subscription, 0 pending",
    "– concurrency: could not look",
    // The stage under test has fewer tenants than tenants.json.
    ...withoutBucket.map(
      ({ id }) => `✗ tenants: bank-batch-${id}-${STAGE}-datalake-${ACCOUNT} doesn't exist`,
    ),
  ];
}

export class DoctorsStage {
  private constructor(
    private readonly account: Account,
    private readonly tenants: readonly string[],
    private readonly mapping: string,
  ) {}

  static async create(account: Account, tenants: readonly string[]): Promise<DoctorsStage> {
    return new DoctorsStage(account, tenants, await deployStacks(account));
  }

  /** @throws AssertionError unless everything is fine but what Moto lacks. */
  async expectWhole(): Promise<void> {
    const { fine, problems } = await this.#look();
    assert.deepEqual([fine, problems], [FINE, differencesOfMoto(this.tenants)]);
  }

  /** Breaks things of every kind, one of each, and mends them. @throws AssertionError unless each is named with its place. */
  async expectFaultsNamed(): Promise<void> {
    const bucket = await parameter(this.account, "extracts-bucket");
    const landing = await parameter(this.account, "landing-bucket");
    const topic = await parameter(this.account, "intake-topic-arn");
    await this.#change({ bucket, landing, topic, isBroken: true });
    const { problems } = await this.#look();
    assert.deepEqual(
      problems.filter((line) => !differencesOfMoto(this.tenants).includes(line)),
      [
        `✗ bucket: ${bucket} keeps no versions: what was replaced can't be read as it was`,
        `✗ functions: bank-batch-${STAGE}-extract has other values than SSM: EXTRACT_BUCKET`,
        "✗ schedule of verify: is switched off",
        "✗ landing events: the bucket reports nothing to EventBridge, so nothing follows",
        `✗ topic intake: ${topic} doesn't exist`,
        `✗ queue of bank-batch-lake-${STAGE}-lake: arn:aws:sqs:${REGION}:${ACCOUNT}:bank-batch-lake-${STAGE}-lake sends nothing to it: Disabled`,
      ],
    );
    await this.#change({ bucket, landing, topic, isBroken: false });
    await this.expectWhole();
  }

  /** The checks that are fine, and the lines of the others. Below each of these is what to do. */
  async #look(): Promise<{ fine: readonly string[]; problems: readonly string[] }> {
    const { exitCode, stdout, stderr } = await commandLine(["doctor", "--stage", STAGE], {
      ...this.account.environment,
      ...{ DB_SSL: "disable", S3_FORCE_PATH_STYLE: "true" },
    });
    assert.equal(exitCode, 1, stderr);
    const lines = stdout.trimEnd().split("\n");
    const fine = lines.flatMap((line) => /^✓ ([^:]+):/.exec(line)?.[1] ?? []);
    const problems = lines.filter((line) => /^[✗–] /.test(line));
    for (const problem of problems) assert.match(lines[lines.indexOf(problem) + 1] ?? "", /^ {2}Try: \S/);
    const count = (mark: string) => problems.filter((line) => line.startsWith(mark)).length;
    assert.ok(
      stderr.includes(`${count("✗")} wrong, ${count("–")} could not be looked at, ${fine.length} fine`),
      stderr,
    );
    // Why it could not look is Moto's answer, an HTML page.
    return { fine, problems: problems.map((line) => line.replace(/(could not look): .*/, "$1")) };
  }

  async #change(change: {
    bucket: string;
    landing: string;
    topic: string;
    isBroken: boolean;
  }): Promise<void> {
    const { bucket, landing, topic, isBroken } = change;
    const settings = clientSettings(this.account);
    const s3 = new S3Client({ ...settings, forcePathStyle: true });
    const [sns, lambda, scheduler] = [
      new SNSClient(settings),
      new LambdaClient(settings),
      new SchedulerClient(settings),
    ];
    const FunctionName = `bank-batch-${STAGE}-extract`;
    try {
      const Status = isBroken ? "Suspended" : "Enabled";
      await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
      const NotificationConfiguration = isBroken ? {} : { EventBridgeConfiguration: {} };
      await s3.send(
        new PutBucketNotificationConfigurationCommand({ Bucket: landing, NotificationConfiguration }),
      );
      if (isBroken) await sns.send(new DeleteTopicCommand({ TopicArn: topic }));
      else await sns.send(new CreateTopicCommand({ Name: topic.split(":").at(-1) }));
      const State = isBroken ? "DISABLED" : "ENABLED";
      await scheduler.send(new UpdateScheduleCommand({ ...scheduleOf("verify"), State }));
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID: this.mapping, Enabled: !isBroken }));
      const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      const Variables = { ...Environment?.Variables, EXTRACT_BUCKET: isBroken ? "another" : bucket };
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
    } finally {
      for (const client of [s3, sns, lambda, scheduler]) client.destroy();
    }
  }
}
