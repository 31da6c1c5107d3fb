/** What has to be in the account once the configuration is applied. */
import assert from "node:assert/strict";
import path from "node:path";

import { columnNames } from "../../src/extract/definition";
import { definitions } from "../../src/extract/definitions";
import type { Account } from "./account";
import { ACCOUNT, parameter, REGION, STAGE } from "./stage";

export interface FetchedMonth {
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

interface GlueTable {
  readonly Name: string;
  readonly StorageDescriptor: { readonly Columns: readonly { readonly Name: string }[] };
  readonly Parameters: Readonly<Record<string, string>>;
}

async function tablesOf(account: Account): Promise<readonly GlueTable[]> {
  const database = { DatabaseName: `bank_batch_${STAGE}` };
  return (await account.call<{ TableList: GlueTable[] }>("glue", "get_tables", database)).TableList;
}

export async function expectTables(account: Account): Promise<void> {
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
export async function expectTemplateMatches(account: Account, { month, files }: FetchedMonth): Promise<void> {
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

/** Every bucket with files. */
export async function expectProtectedBuckets(account: Account, tenants: readonly string[]): Promise<void> {
  const always = [
    "Deny TlsOnly",
    "Deny NoOtherEncryption",
    "Deny NoCustomerProvidedKeys",
    "Deny WritersOnly",
  ];
  const ofReaders = ["Read", "List"].flatMap((right) =>
    ["warehouse", "firstNational"].map((reader) => `Allow ${right}${reader}`),
  );
  const ofAll = [...always, "Deny VersionsStay"];
  const stage = `bank-batch-${STAGE}-${REGION}`;
  await expectProtectedBucket(account, `${stage}-extracts-${ACCOUNT}`, [...ofReaders, ...ofAll]);
  await expectProtectedBucket(account, `${stage}-landing-${ACCOUNT}`, ofAll);
  await expectProtectedBucket(account, `${stage}-intake-${ACCOUNT}`, ofAll);
  for (const tenant of tenants) {
    const bucket = `bank-batch-${tenant}-${STAGE}-datalake-${ACCOUNT}`;
    await expectProtectedBucket(account, bucket, [
      ...ofAll,
      "Deny WritersOnlyInAthenaResults",
      "Deny WritersOnlyInRaw",
    ]);
  }
}

/** @throws AssertionError unless the results of a tenant's queries expire, and nothing else does. */
export async function expectResultsExpire(account: Account, tenants: readonly string[]): Promise<void> {
  for (const tenant of tenants) {
    const Bucket = `bank-batch-${tenant}-${STAGE}-datalake-${ACCOUNT}`;
    const { Rules } = await account.call<{
      Rules: { Filter: { Prefix?: string }; Expiration?: { Days: number } }[];
    }>("s3", "get_bucket_lifecycle_configuration", { Bucket });
    const expiring = Rules.flatMap(({ Filter, Expiration }) =>
      Expiration === undefined ? [] : [[Filter.Prefix, Expiration.Days]],
    );
    assert.deepEqual(expiring, [["athena-results/", 30]]);
  }
}

export async function expectLocked(account: Account): Promise<void> {
  const Bucket = `bank-batch-${STAGE}-${REGION}-extracts-${ACCOUNT}`;
  const { ObjectLockConfiguration } = await account.call<{
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: string; Days: number } } };
  }>("s3", "get_object_lock_configuration", { Bucket });
  const { Mode, Days } = ObjectLockConfiguration.Rule.DefaultRetention;
  assert.deepEqual([Mode, Days], ["GOVERNANCE", 1]);
}

/** Versioning, encryption, no public access, no plain HTTP: required for as long as there are files. */
async function expectProtectedBucket(
  account: Account,
  Bucket: string,
  statements: readonly string[],
): Promise<void> {
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
  assert.deepEqual(Statement.map(({ Sid, Effect }) => `${Effect} ${Sid}`).sort(), [...statements].sort());
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
