/**
 * A full life cycle of `infra-terraform/examples/production` on Moto: it is applied, planned again, used by the packaged Lambda, read by an
 * external system, and destroyed without losing a file. The name of each step says what it proves.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { parse } from "yaml";

import { type PostgresServer, startPostgres } from "../../local/postgres";
import { seed, smallSeed } from "../../local/seed";
import { createReader } from "../../local/stack";
import { columnNames } from "../../src/extract/definition";
import { definitions } from "../../src/extract/definitions";
import { addMonths, firstDayOf, lastDayOf, type Month, monthOf } from "../../src/platform/month";
import { Packaged } from "../support/packaged";
import { type Account, startAccount } from "./account";
import type { Terraform } from "./terraform";
import { ROOT } from "../support/root";

const STAGE = "prod";
const REGION = "eu-west-1";
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
    const first = ["prod.tfvars", network, options].map((file) => `-var-file=${file}`);
    await step("apply succeeds, with all options", () =>
      terraform.succeed("apply", "-auto-approve", ...first),
    );
    await step("a second plan has no changes", async () => {
      assert.deepEqual(await changes(terraform, first), NOT_STORED_BY_MOTO);
    });
    const variables = [...first, `-var=object_lock={mode="GOVERNANCE",days=1}`];
    await step("Object Lock can be switched on later", () =>
      terraform.succeed("apply", "-auto-approve", ...variables),
    );
    await step("the Athena tables have the columns and folders of the program", () => expectTables(account));
    await step("the bucket is versioned, encrypted and private", () => expectProtectedBucket(account));

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
      environmentOf("Extract", account),
    );
    const notify = await environmentOf("Notify", account);
    const announce = await environmentOf("Announce", account);
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

    const protectedResources = async () => {
      const { exitCode, stderr } = await terraform.run("destroy", "-auto-approve", "-no-color", ...variables);
      assert.equal(exitCode, 1);
      return [...stderr.matchAll(/Resource\s+(\S+)\s+has\s+lifecycle/g)].map(([, address]) => address).sort();
    };
    await step("destroy fails and changes nothing", async () => {
      const before = await terraform.succeed("state", "list");
      assert.deepEqual(await protectedResources(), [BUCKET, SECRET]);
      assert.equal(await terraform.succeed("state", "list"), before);
      assert.deepEqual(await fetched(), published);
    });
    await step("the key is protected even without the bucket and the secret", async () => {
      await terraform.succeed("state", "rm", BUCKET, SECRET);
      assert.deepEqual(await protectedResources(), [KEY]);
    });
    await step("without the module kept, destroy succeeds", async () => {
      await terraform.succeed("state", "rm", "module.bank_batch.module.kept", "module.replica");
      await terraform.succeed("destroy", "-auto-approve", ...variables);
      assert.equal((await terraform.succeed("state", "list")).trim(), "");
    });
    await step("the files are still readable and protected", async () => {
      assert.deepEqual(await fetched(), published);
      await expectProtectedBucket(account);
      const secret = { SecretId: extract["DB_SECRET_ID"] };
      const { SecretString } = await account.call<Secret>("secretsmanager", "get_secret_value", secret);
      assert.ok(SecretString.includes(source.password));
    });
  } finally {
    for (const stop of started.reverse()) await stop();
  }
}

/** Attributes that Moto 5.2.5 does not store, so a second plan sets them again. */
const NOT_STORED_BY_MOTO = [
  "update aws_glue_connection: connection_type",
  "update aws_glue_job: execution_class",
  "update aws_s3_bucket_notification: eventbridge",
  "update aws_s3_bucket_replication_configuration: rule",
  "update aws_transfer_user: posix_profile",
  "update aws_vpc_security_group_egress_rule: description",
  "update aws_vpc_security_group_ingress_rule: description",
];

/** The changes of a plan, without duplicates. */
async function changes(terraform: Terraform, variables: readonly string[]): Promise<string[]> {
  await terraform.succeed("plan", "-out=second.tfplan", ...variables);
  const plan = JSON.parse(await terraform.succeed("show", "-json", "second.tfplan")) as {
    resource_changes: {
      type: string;
      change: { actions: string[]; before: Record<string, unknown>; after: Record<string, unknown> };
    }[];
  };
  const found = plan.resource_changes.flatMap(({ type, change: { actions, before, after } }) => {
    if (actions.join() === "no-op") return [];
    const attributes = Object.keys(after).filter((name) => !isDeepStrictEqual(before[name], after[name]));
    return [`${actions.join(" and ")} ${type}: ${attributes.join(", ")}`];
  });
  return [...new Set(found)].sort();
}

const BUCKET = "module.bank_batch.module.kept.aws_s3_bucket.extracts";
const SECRET = "module.bank_batch.module.kept.aws_secretsmanager_secret.database";
const KEY = "module.bank_batch.module.kept.aws_kms_key.extracts";

interface Secret {
  readonly SecretString: string;
}

interface Message {
  readonly subject: string;
  readonly message: string;
}

interface FetchedMonth {
  readonly month: string;
  readonly revision: number;
  readonly files: readonly {
    readonly bankId: number;
    readonly key: string;
    readonly rowCount: number;
    readonly loanTotal: string;
    readonly encryption: string;
    readonly kmsKeyArn: string;
  }[];
}

/** A file with the ids of the account's own network. */
async function networkFile(account: Account, { directory }: Terraform): Promise<string> {
  const { Subnets } = await account.call<{ Subnets: { SubnetId: string; VpcId: string }[] }>(
    "ec2",
    "describe_subnets",
  );
  const { RouteTables } = await account.call<{ RouteTables: { RouteTableId: string }[] }>(
    "ec2",
    "describe_route_tables",
  );
  const [VpcId = ""] = Subnets.map((subnet) => subnet.VpcId);
  const group = { GroupName: "database", Description: "Aurora", VpcId };
  const { GroupId } = await account.call<{ GroupId: string }>("ec2", "create_security_group", group);
  return variableFile(directory, "network", {
    vpc_id: VpcId,
    private_subnet_ids: Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId),
    private_route_table_ids: RouteTables.map(({ RouteTableId }) => RouteTableId),
    database_security_group_id: GroupId,
  });
}

/** A file with every option of the production example, except Object Lock. */
async function optionsFile(account: Account, { directory }: Terraform): Promise<string> {
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  });
  const boundary = { PolicyName: "boundary", PolicyDocument };
  const { Policy } = await account.call<{ Policy: { Arn: string } }>("iam", "create_policy", boundary);
  const publicKey = () =>
    `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519${randomUUID()}`).toString("base64")}`;
  return variableFile(directory, "options", {
    permissions_boundary_arn: Policy.Arn,
    database_ca_file: path.join(directory, "infra-terraform", "tests", "authority.pem"),
    tags: { costCentre: "42" },
    reader_principals: {
      warehouse: { principals: ["210987654321"] },
      firstNational: { principals: ["arn:aws:iam::310987654321:role/files"], banks: ["FirstNational"] },
    },
    subscriber_principals: ["210987654321"],
    writer_principals: ["arn:aws:iam::123456789012:role/operators"],
    // IAM accepts no policy that contains the name of the second bank.
    sftp: {
      public_keys: { FirstNational: [publicKey(), publicKey()], ŁódźBank: [publicKey()] },
      allowed_cidrs: ["203.0.113.0/24"],
      manifests: true,
    },
    github: { repository: "owner/bank-batch", state_bucket: "states" },
  });
}

async function variableFile(directory: string, name: string, values: object): Promise<string> {
  const file = path.join(directory, `${name}.tfvars.json`);
  await writeFile(file, JSON.stringify(values));
  return file;
}

async function initialise(terraform: Terraform, stage: string): Promise<void> {
  const backend = { bucket: "states", key: `${stage}.tfstate`, region: REGION, use_lockfile: "true" };
  const settings = Object.entries(backend).map(([name, value]) => `-backend-config=${name}=${value}`);
  await terraform.succeed("init", "-reconfigure", ...settings);
}

/** Fills the source, creates a role for the extract, and stores its login in the secret as an operator would. */
async function putSecret(
  account: Account,
  postgres: PostgresServer,
  month: Month,
): Promise<{ password: string; banks: { bankId: number; rowCount: number; loanTotal: string }[] }> {
  const owner = await postgres.connect("postgres");
  try {
    const [from, to] = [firstDayOf(addMonths(month, -3)), lastDayOf(month)];
    await seed(owner, { ...smallSeed, loans: 20_000, accounts: 3_000, from, to, bankWithoutBranches: true });
    const { username, password } = await createReader(owner);
    const { host, port } = postgres;
    const value = { engine: "postgres", host, port, dbname: "postgres", username, password };
    const secret = {
      SecretId: await parameter(account, "database-secret-arn"),
      SecretString: JSON.stringify(value),
    };
    await account.call("secretsmanager", "put_secret_value", secret);

    const { rows } = await owner.query<{ bankId: number; rowCount: number; loanTotal: string }>(
      `select
         bank.idbank as "bankId",
         (select count(*) from branch where branch.bank_idbank = bank.idbank)::integer as "rowCount",
         (
           select coalesce(sum(loans.amount), 0)
           from loans
           inner join account on account.idaccount = loans.account_idaccount
           inner join client on client.idclient = account.client_idclient
           inner join branch on branch.idbranch = client.branch_idbranch
           where branch.bank_idbank = bank.idbank and to_char(loans.loan_date, 'YYYY-MM') = $1
         )::text as "loanTotal"
       from bank
       order by bank.idbank`,
      [month],
    );
    return { password, banks: rows };
  } finally {
    await owner.end();
  }
}

async function parameter(account: Account, name: string): Promise<string> {
  const answer = await account.call<{ Parameter: { Value: string } }>("ssm", "get_parameter", {
    Name: `/bank-batch/${STAGE}/${name}`,
  });
  return answer.Parameter.Value;
}

interface ServerlessFile {
  readonly resources: {
    readonly Parameters: Readonly<Record<string, { readonly Default: string }>>;
    readonly extensions: Readonly<
      Record<string, { Properties: { Environment: { Variables: Record<string, string | { Ref: string }> } } }>
    >;
  };
}

/** A function's settings as CloudFormation resolves them, and those for this machine's database and endpoints. */
async function environmentOf(name: string, account: Account): Promise<Record<string, string>> {
  const { resources } = parse(await readFile(path.join(ROOT, "serverless.yml"), "utf8")) as ServerlessFile;
  const values = new Map<string, string>();
  for (const [parameterName, { Default }] of Object.entries(resources.Parameters)) {
    values.set(parameterName, await parameter(account, path.basename(Default)));
    assert.equal(path.dirname(Default), "/bank-batch/${sls:stage}");
  }
  const { Variables } = resources.extensions[`${name}LambdaFunction`]?.Properties.Environment ?? {
    Variables: {},
  };
  const resolved = Object.entries(Variables).flatMap(([variable, value]) =>
    typeof value === "string" ? [] : [[variable, values.get(value.Ref) ?? ""] as const],
  );
  return {
    ...account.environment,
    ...Object.fromEntries(resolved),
    DB_SSL: "disable",
    S3_FORCE_PATH_STYLE: "true",
  };
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

interface GlueTable {
  readonly Name: string;
  readonly StorageDescriptor: { readonly Columns: readonly { readonly Name: string }[] };
  readonly Parameters: Readonly<Record<string, string>>;
}

async function tablesOf(account: Account): Promise<readonly GlueTable[]> {
  const database = { DatabaseName: `bank_batch_${STAGE}` };
  return (await account.call<{ TableList: GlueTable[] }>("glue", "get_tables", database)).TableList;
}

async function expectTables(account: Account): Promise<void> {
  const bucket = await parameter(account, "extracts-bucket");
  const tables = await tablesOf(account);
  assert.deepEqual(
    tables
      .map(({ Name, StorageDescriptor, Parameters }) => ({
        name: Name,
        columns: StorageDescriptor.Columns.map((column) => column.Name),
        location: Parameters["storage.location.template"]?.split("${bank}")[0],
      }))
      .sort((one, other) => one.name.localeCompare(other.name)),
    definitions
      .map((definition) => ({
        name: definition.name,
        columns: columnNames(definition),
        location: `s3://${bucket}/${definition.folder}`,
      }))
      .sort((one, other) => one.name.localeCompare(other.name)),
  );
}

/** The location that Athena computes for a bank and a month is the one of the files. */
async function expectTemplateMatches(account: Account, { month, files }: FetchedMonth): Promise<void> {
  const tables = await tablesOf(account);
  const template = tables.find(({ Name }) => Name === "loan_moving_average")?.Parameters[
    "storage.location.template"
  ];
  const bucket = await parameter(account, "extracts-bucket");
  for (const { key } of files) {
    const [bank = ""] = key.split("/");
    const computed = template?.replace("${bank}", bank).replace("${year_month}", month.replace("-", "/"));
    assert.equal(computed, `s3://${bucket}/${path.dirname(key)}/`);
  }
}

/** Versioning, encryption, no public access, no plain HTTP: required for as long as there are files. */
async function expectProtectedBucket(account: Account): Promise<void> {
  const Bucket = `bank-batch-${STAGE}-${REGION}-extracts-123456789012`;
  const ask = <Answer>(operation: string) => account.call<Answer>("s3", operation, { Bucket });
  const { Status } = await ask<{ Status: string }>("get_bucket_versioning");
  assert.equal(Status, "Enabled");
  const { PublicAccessBlockConfiguration } = await ask<{
    PublicAccessBlockConfiguration: Record<string, boolean>;
  }>("get_public_access_block");
  assert.deepEqual(Object.values(PublicAccessBlockConfiguration), [true, true, true, true]);
  const { Policy } = await ask<{ Policy: string }>("get_bucket_policy");
  const { Statement } = JSON.parse(Policy) as {
    Statement: { Sid: string; Effect: string; Condition: object }[];
  };
  assert.deepEqual(
    Statement.map(({ Sid, Effect }) => `${Effect} ${Sid}`).sort(),
    [
      ...["Allow Readwarehouse", "Allow ReadfirstNational", "Allow Listwarehouse", "Allow ListfirstNational"],
      ...["Deny TlsOnly", "Deny NoOtherEncryption", "Deny NoCustomerProvidedKeys", "Deny WritersOnly"],
      "Deny VersionsStay",
    ].sort(),
  );
  const tls = Statement.find(({ Sid }) => Sid === "TlsOnly");
  assert.deepEqual(tls?.Condition, { Bool: { "aws:SecureTransport": "false" } });
  const { ServerSideEncryptionConfiguration } = await ask<{
    ServerSideEncryptionConfiguration: {
      Rules: { ApplyServerSideEncryptionByDefault: { KMSMasterKeyID: string }; BucketKeyEnabled: boolean }[];
    };
  }>("get_bucket_encryption");
  const [rule] = ServerSideEncryptionConfiguration.Rules;
  assert.equal(rule?.BucketKeyEnabled, true);
  const key = { KeyId: rule.ApplyServerSideEncryptionByDefault.KMSMasterKeyID };
  const { KeyMetadata } = await account.call<{ KeyMetadata: { KeyState: string } }>(
    "kms",
    "describe_key",
    key,
  );
  assert.equal(KeyMetadata.KeyState, "Enabled");
}
