/**
 * A full life cycle of `infra-terraform/examples/production` on Moto: it is applied, planned again, used by the packaged Lambda, read by an
 * external system, and destroyed without losing a file. The name of each step says what it proves.
 */
import assert from "node:assert/strict";

import { startPostgres } from "../../local/postgres";
import { addMonths, firstDayOf, monthOf } from "../../src/platform/month";
import { Packaged } from "../support/packaged";
import { startAccount } from "./account";
import { DoctorsStage } from "./doctor";
import {
  expectLocked,
  expectProtectedBuckets,
  expectResultsExpire,
  expectTables,
  expectTemplateMatches,
  type FetchedMonth,
} from "./expected";
import { expectOwnFilesApart, expectTenantsApart, expectUploadsApart } from "./isolation";
import { expectNoChanges } from "./second-plan";
import { putSecret } from "./source";
import { environmentOf, expectParameters, REGION, STAGE } from "./stage";
import type { Terraform } from "./terraform";
import { BANKS, initialise, networkFile, optionsFile, tenantsFile, WITH_OWN_FILES } from "./variable-files";
import { expectDeploymentAllowed, expectPlanAllowed } from "./workflow-roles";

type Step = <Result>(what: string, action: () => Promise<Result>) => Promise<Result>;

export async function runLifeCycle(bare: Terraform, step: Step): Promise<void> {
  const account = await step("an account (Moto) starts", () => startAccount(REGION));
  const terraform = bare.inFolder("examples/production").withEnvironment(account.environment);
  const minimal = bare.inFolder("examples/minimal").withEnvironment(account.environment);
  const started: (() => Promise<void>)[] = [() => account.stop()];
  try {
    const network = await networkFile(account, terraform);
    await step("the states are in a bucket, with a lock", async () => {
      const CreateBucketConfiguration = { LocationConstraint: REGION };
      await account.call("s3", "create_bucket", { Bucket: "states", CreateBucketConfiguration });
      await initialise(terraform, "prod");
      await initialise(minimal, "dev");
    });
    await step("the minimal example can be planned", () =>
      minimal.succeed("plan", "-var-file=dev.tfvars", `-var-file=${network}`),
    );

    const options = await optionsFile(account, terraform);
    const tenants = await tenantsFile(terraform);
    const first = ["prod.tfvars", network, options].map((file) => `-var-file=${file}`);
    await step("apply succeeds, with all options", () =>
      terraform.succeed("apply", "-auto-approve", ...first),
    );
    const planned = await step("a second plan has no changes", () => expectNoChanges(terraform, first));
    await step("the workflow's role for plans may do what a plan does, and read no file", () =>
      expectPlanAllowed(account, planned),
    );
    await step("the workflow's role for deployments may do what CloudFormation does", () =>
      expectDeploymentAllowed(account),
    );
    const variables = [...first, `-var=object_lock={mode="GOVERNANCE",days=1}`];
    await step("Object Lock can be switched on later", () =>
      terraform.succeed("apply", "-auto-approve", ...variables),
    );
    await step("every version of a file is locked for that time", () => expectLocked(account));
    await step("the Athena tables have the columns and folders of the program", () => expectTables(account));
    await step("the buckets are versioned, encrypted and private", () =>
      expectProtectedBuckets(account, tenants),
    );
    await step("the results of analysts' queries expire, and nothing else in a tenant's lake", () =>
      expectResultsExpire(account, tenants),
    );
    await step("a tenant's analysts reach its own lake and no other", () =>
      expectTenantsApart(account, tenants),
    );
    await step("a tenant uploads its own files to its own lake and no other", () =>
      expectOwnFilesApart(account, tenants, WITH_OWN_FILES),
    );
    await step("a bank uploads to its own folder and no other", () => expectUploadsApart(account, BANKS));
    await step("the stacks of intake and lake find all their parameters", () => expectParameters(account));

    const packaged = await step("the Lambda is packaged", () => Packaged.create());
    started.push(() => packaged.remove());
    const postgres = await step("a database starts", () => startPostgres());
    started.push(() => postgres.stop());

    const month = addMonths(monthOf(new Date()), -1);
    const source = await step("the secret gets its value through the API", () =>
      putSecret(account, postgres, month),
    );
    await step("the state does not contain that value", async () => {
      const state = await terraform.succeed("state", "pull");
      assert.ok(state.includes(`secret:bank-batch-${STAGE}/database`));
      assert.ok(!state.includes(source.password));
    });
    const extract = await step("serverless.yml finds all settings in the SSM parameters", () =>
      environmentOf("extract", account),
    );
    const notify = await environmentOf("notify", account);
    const announce = await environmentOf("announce", account);
    const subscribe = (arn: string | undefined) =>
      account.python<string>("external_system.py", "subscribe", arn ?? "");
    const [people, machines] = [
      await subscribe(notify["NOTIFY_TOPIC_ARN"]),
      await subscribe(announce["ANNOUNCE_TOPIC_ARN"]),
    ];

    const notifyOf = async (requestPayload: object, responsePayload: unknown) => {
      const record = failureRecord(requestPayload, responsePayload);
      const { error } = await packaged.invoke(record, notify, [], "src/extract/lambda.notify");
      assert.equal(error, undefined);
    };
    const receive = (queue: string) => account.python<Message[]>("external_system.py", "receive", queue);

    const event = { scheduledTime: `${firstDayOf(addMonths(month, 1))}T03:00:00Z` };
    await step("the packaged Lambda publishes and announces a month", async () => {
      const { result, error, log } = await packaged.invoke(event, extract);
      assert.equal(error, undefined, log);
      assert.equal(result?.months[0]?.status, "published");
      const written = created(result.months[0].manifest);
      const { error: unannounced } = await packaged.invoke(
        written,
        announce,
        [],
        "src/extract/lambda.announce",
      );
      assert.equal(unannounced, undefined);
    });
    const manifest = await step("an external system receives the announcement", async () => {
      const [message, ...others] = await receive(machines);
      assert.deepEqual(others, []);
      const announced = JSON.parse(message?.message ?? "") as { month: string; manifest: string };
      assert.equal(announced.month, month);
      return announced.manifest;
    });
    const fetched = () =>
      account.python<FetchedMonth>("external_system.py", "fetch", extract["EXTRACT_BUCKET"] ?? "", manifest);
    const published = await step("it reads every file, complete and encrypted with the key", async () => {
      const read = await fetched();
      const expected = source.banks.map((bank) => ({
        ...bank,
        encryption: "aws:kms",
        kmsKeyArn: extract["EXTRACT_KMS_KEY_ID"],
      }));
      assert.deepEqual(
        read.files.map(({ key, ...file }) => (assert.match(key, /\.csv$/), file)),
        expected,
      );
      await expectTemplateMatches(account, read);
      return read;
    });
    await step("people are notified of a failed run", async () => {
      const wrong = { month: monthOf(new Date()) };
      const { error } = await packaged.invoke(wrong, extract);
      assert.equal(error?.errorType, "RequestError");
      await notifyOf(wrong, error);
      const [message, ...others] = await receive(people);
      assert.deepEqual(others, []);
      assert.match(message?.subject ?? "", /^\[bank-batch prod\] a run of extract failed: RequestError$/);
      assert.deepEqual(await receive(machines), []);
    });

    const examined = await step("the stacks are deployed, as far as Moto can", () =>
      DoctorsStage.create(account, tenants),
    );
    await step("the doctor finds the stage as it is", () => examined.expectWhole());
    await step("the doctor names everything that is broken, and what to do", () =>
      examined.expectFaultsNamed(),
    );

    const protectedResources = async () => {
      const { exitCode, stderr } = await terraform.run("destroy", "-auto-approve", "-no-color", ...variables);
      assert.equal(exitCode, 1);
      return [...stderr.matchAll(/Resource\s+(\S+)\s+has\s+lifecycle/g)].map(([, address]) => address).sort();
    };
    await step("destroy fails and changes nothing", async () => {
      const before = await terraform.succeed("state", "list");
      assert.deepEqual(await protectedResources(), PROTECTED);
      assert.equal(await terraform.succeed("state", "list"), before);
      assert.deepEqual(await fetched(), published);
    });
    await step("the keys are protected even without the buckets and the secret", async () => {
      await terraform.succeed("state", "rm", ...PROTECTED);
      assert.deepEqual(await protectedResources(), KEYS);
    });
    await step("without the module kept, destroy succeeds", async () => {
      await terraform.succeed("state", "rm", "module.bank_batch.module.kept", "module.replica");
      await terraform.succeed("destroy", "-auto-approve", ...variables);
      assert.equal((await terraform.succeed("state", "list")).trim(), "");
    });
    await step("the files are still readable and protected", async () => {
      assert.deepEqual(await fetched(), published);
      await expectProtectedBuckets(account, tenants);
      const secret = { SecretId: extract["DB_SECRET_ID"] };
      const { SecretString } = await account.call<Secret>("secretsmanager", "get_secret_value", secret);
      assert.ok(SecretString.includes(source.password));
    });
  } finally {
    for (const stop of started.reverse()) await stop();
  }
}

/** What destroy names when it fails. It names the key only when nothing else uses the key. */
const KEPT = "module.bank_batch.module.kept";
const PROTECTED = [
  `${KEPT}.aws_s3_bucket.logs[0]`,
  `${KEPT}.aws_secretsmanager_secret.database`,
  `${KEPT}.aws_secretsmanager_secret.intake[0]`,
  `${KEPT}.module.extracts.aws_s3_bucket.this`,
  `${KEPT}.module.intake[0].aws_s3_bucket.this`,
  `${KEPT}.module.landing[0].aws_s3_bucket.this`,
  ...["credit-d-ete", "first-national"].flatMap((tenant) =>
    ["bucket.aws_s3_bucket", "key.aws_kms_key"].map(
      (resource) => `${KEPT}.module.tenant["${tenant}"].module.${resource}.this`,
    ),
  ),
  "module.replica.aws_kms_key.replica",
  "module.replica.aws_s3_bucket.replica",
];
/** Terraform names these only when nothing else needs them any more. */
const KEYS = [`${KEPT}.aws_kms_key.extracts`, `${KEPT}.module.intake_key[0].aws_kms_key.this`];

interface Secret {
  readonly SecretString: string;
}

interface Message {
  readonly subject: string;
  readonly message: string;
}

/** The event of EventBridge for an object that S3 has created. Moto sends none. */
function created(key: string): object {
  return { source: "aws.s3", "detail-type": "Object Created", detail: { object: { key } } };
}

/** The record that Lambda sends to a destination. */
function failureRecord(requestPayload: object, responsePayload: unknown): object {
  const functionArn = `arn:aws:lambda:${REGION}:123456789012:function:bank-batch-${STAGE}-extract:$LATEST`;
  const requestContext = {
    ...{ requestId: "1", functionArn, condition: "RetriesExhausted", approximateInvokeCount: 1 },
  };
  return {
    version: "1.0",
    timestamp: new Date().toISOString(),
    requestContext,
    requestPayload,
    responsePayload,
  };
}
