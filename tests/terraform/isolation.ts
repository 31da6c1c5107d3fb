/**
 * Who may touch what, by the policies that are in the account after an apply: a tenant's analysts and a bank's uploads,
 * each against their own things and against another's. Each refusal is shown to come from the policy: a policy that is
 * wider by one resource allows it.
 */
import assert from "node:assert/strict";

import { isAllowed, type Policy, type Request } from "../support/policy";
import type { Account } from "./account";
import { ACCOUNT, parameter, REGION, STAGE } from "./stage";

export interface Role {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy: Policy;
}

/** A role with one of its inline policies. */
export async function roleOf(account: Account, RoleName: string, PolicyName: string): Promise<Role> {
  const { Role: role } = await account.call<{
    Role: { Arn: string; Tags?: { Key: string; Value: string }[] };
  }>("iam", "get_role", { RoleName });
  const { PolicyDocument } = await account.call<{ PolicyDocument: Policy }>("iam", "get_role_policy", {
    RoleName,
    PolicyName,
  });
  const tags = (role.Tags ?? []).map(({ Key, Value }) => [`aws:PrincipalTag/${Key}`, Value] as const);
  return { arn: role.Arn, tags: Object.fromEntries(tags), policy: PolicyDocument };
}

async function policyOf(account: Account, Bucket: string): Promise<Policy> {
  const { Policy: text } = await account.call<{ Policy: string }>("s3", "get_bucket_policy", { Bucket });
  return JSON.parse(text) as Policy;
}

async function keyOf(account: Account, Bucket: string): Promise<string> {
  const { ServerSideEncryptionConfiguration } = await account.call<{
    ServerSideEncryptionConfiguration: {
      Rules: { ApplyServerSideEncryptionByDefault: { KMSMasterKeyID: string } }[];
    };
  }>("s3", "get_bucket_encryption", { Bucket });
  return ServerSideEncryptionConfiguration.Rules[0]?.ApplyServerSideEncryptionByDefault.KMSMasterKeyID ?? "";
}

/** What a request has besides its principal: TLS, and for the key the service that asks for it. */
function requestOf({ arn, tags }: Pick<Role, "arn" | "tags">, action: string, resource: string): Request {
  const context = { "aws:PrincipalArn": arn, "aws:SecureTransport": "true", ...tags };
  const via = action.startsWith("kms:") ? { "kms:ViaService": `s3.${REGION}.amazonaws.com` } : {};
  return { action, resource, context: { ...context, ...via } };
}

const lakeBucket = (tenant: string) => `bank-batch-${tenant}-${STAGE}-datalake-${ACCOUNT}`;

/** What an analyst does with a tenant's lake. */
function analystsRequests(tenant: string, key: string): readonly (readonly [string, string])[] {
  const bucket = `arn:aws:s3:::${lakeBucket(tenant)}`;
  const database = `bank_batch_${tenant.replaceAll("-", "_")}_${STAGE}`;
  const glue = `arn:aws:glue:${REGION}:${ACCOUNT}`;
  return [
    ["s3:GetObject", `${bucket}/analytics-ready/loan_detail/year=2026/month=09/a.parquet`],
    ["s3:GetObject", `${bucket}/tables/loan_detail/year=2026/month=09/symlink.txt`],
    ["s3:ListBucket", bucket],
    ["s3:PutObject", `${bucket}/athena-results/1.csv`],
    ["s3:GetObject", `${bucket}/athena-results/1.csv`],
    ["kms:Decrypt", key],
    ["kms:GenerateDataKey", key],
    [
      "athena:StartQueryExecution",
      `arn:aws:athena:${REGION}:${ACCOUNT}:workgroup/bank-batch-${tenant}-${STAGE}`,
    ],
    ["athena:GetQueryResults", `arn:aws:athena:${REGION}:${ACCOUNT}:workgroup/bank-batch-${tenant}-${STAGE}`],
    ["glue:GetDatabase", `${glue}:database/${database}`],
    ["glue:GetTable", `${glue}:table/${database}/loan_detail`],
  ];
}

/** The same policy, with all resources of one of its statements that allow. */
function widened({ Statement }: Policy): readonly Policy[] {
  return [Statement].flat().map((_, wide) => ({
    Statement: [Statement].flat().map((one, index) => (index === wide ? { ...one, Resource: "*" } : one)),
  }));
}

interface Lake {
  readonly role: Role;
  readonly ofBucket: Policy;
  readonly key: string;
}

/** @throws AssertionError unless each tenant's analyst may do all of it with the own lake, and nothing with the other's. */
export async function expectTenantsApart(account: Account, tenants: readonly string[]): Promise<void> {
  assert.equal(tenants.length, 2);
  const lakes = new Map<string, Lake>();
  for (const tenant of tenants) {
    lakes.set(tenant, {
      role: await roleOf(account, `analyst-bank-batch-${tenant}-${STAGE}`, "read-own-lake"),
      ofBucket: await policyOf(account, lakeBucket(tenant)),
      key: await keyOf(account, lakeBucket(tenant)),
    });
  }
  for (const [mine, { role, ofBucket }] of lakes) {
    const may = (tenant: string, policy: Policy) => allowedOf(tenant, role, policy, lakes.get(tenant));
    const foreign = tenants.find((one) => one !== mine) ?? "";
    assert.deepEqual(may(mine, role.policy), analystsRequests(mine, lakes.get(mine)?.key ?? ""));
    assert.deepEqual(may(foreign, role.policy), []);
    // Every statement is needed for the refusal: with all resources, it would let the analyst in.
    for (const wider of widened(role.policy)) assert.notDeepEqual(may(foreign, wider), []);
    expectWriters(mine, role, ofBucket);
  }
}

/** The requests to a tenant's lake that a role's policy and the bucket's policy allow. */
function allowedOf(tenant: string, role: Role, policy: Policy, lake: Lake | undefined) {
  return analystsRequests(tenant, lake?.key ?? "").filter(([action, resource]) => {
    const ofResource = action.startsWith("s3:") && lake !== undefined ? [lake.ofBucket] : [];
    return isAllowed([policy, ...ofResource], requestOf(role, action, resource));
  });
}

/** Whatever a role's own policy allows, the bucket's lets only the lake write, and the analysts their results. */
function expectWriters(tenant: string, analyst: Role, ofBucket: Policy): void {
  const mayWrite = (arn: string, key: string) => {
    const resource = `arn:aws:s3:::${lakeBucket(tenant)}/${key}`;
    return isAllowed([ANYTHING, ofBucket], requestOf({ arn, tags: {} }, "s3:PutObject", resource));
  };
  const lake = `arn:aws:iam::${ACCOUNT}:role/bank-batch-lake-${STAGE}-${REGION}-lake`;
  assert.equal(mayWrite(lake, "analytics-ready/a.parquet"), true);
  assert.equal(mayWrite(analyst.arn, "analytics-ready/a.parquet"), false);
  assert.equal(mayWrite(analyst.arn, "athena-results/1.csv"), true);
  assert.equal(mayWrite(ADMINISTRATOR, "analytics-ready/a.parquet"), false);
  assert.equal(mayWrite(ADMINISTRATOR, "athena-results/1.csv"), false);
}

/** @throws AssertionError unless the tenant's role may write to `raw/` of the tenant's own bucket, and do nothing else. */
export async function expectOwnFilesApart(
  account: Account,
  tenants: readonly string[],
  tenant: string,
): Promise<void> {
  const role = await roleOf(account, `raw-bank-batch-${tenant}-${STAGE}`, "upload-own-files");
  const may = async (action: string, owner: string, key: string, policy = role.policy) => {
    const resource = `arn:aws:s3:::${lakeBucket(owner)}/${key}`;
    const ofBucket = await policyOf(account, lakeBucket(owner));
    return isAllowed([policy, ofBucket], requestOf(role, action, resource));
  };
  const file = "raw/transactions/2026-09-14.csv";
  assert.equal(await may("s3:PutObject", tenant, file), true);
  for (const action of ["s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"])
    assert.equal(await may(action, tenant, file), false);
  // Whatever the role's policy allows, the bucket's lets it write nowhere else.
  for (const key of ["analytics-ready/a.parquet", "tables/a/symlink.txt", "athena-results/1.csv"])
    assert.equal(await may("s3:PutObject", tenant, key, ANYTHING), false);
  for (const other of tenants.filter((one) => one !== tenant))
    assert.equal(await may("s3:PutObject", other, file, ANYTHING), false);
  const own = await keyOf(account, lakeBucket(tenant));
  assert.equal(isAllowed([role.policy], requestOf(role, "kms:GenerateDataKey", own)), true);
}

const ADMINISTRATOR = `arn:aws:iam::${ACCOUNT}:role/administrator`;
const ANYTHING: Policy = { Statement: { Effect: "Allow", Action: "*", Resource: "*" } };

/** @throws AssertionError unless each bank's role may write to its own folder of the landing bucket, and do nothing else. */
export async function expectUploadsApart(account: Account, banks: readonly string[]): Promise<void> {
  const landing = await parameter(account, "landing-bucket");
  const ofBucket = await policyOf(account, landing);
  const { Roles } = await account.call<{ Roles: { RoleName: string }[] }>("iam", "list_roles");
  const names = Roles.map(({ RoleName }) => RoleName).filter((name) => name.startsWith("upload-"));
  assert.equal(names.length, banks.length);
  for (const name of names) {
    const role = await roleOf(account, name, "upload-own-files");
    const bank = role.tags["aws:PrincipalTag/bank"] ?? "";
    assert.ok(banks.includes(bank));
    const may = (action: string, key: string, policy = role.policy) =>
      isAllowed([policy, ofBucket], requestOf(role, action, `arn:aws:s3:::${landing}/${key}`));
    assert.equal(may("s3:PutObject", `landing/${bank}/loans_20260930T220000Z.dat`), true);
    for (const action of ["s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"])
      assert.equal(may(action, `landing/${bank}/loans_20260930T220000Z.dat`), false);
    const others = [...banks.filter((one) => one !== bank), `${bank}2`].map((one) => `landing/${one}/a.dat`);
    for (const key of [...others, "raw/a.dat", "a.dat"]) {
      assert.equal(may("s3:PutObject", key), false);
      assert.ok(widened(role.policy).some((wider) => may("s3:PutObject", key, wider)));
    }
  }

  const mayAnything = (arn: string, action: string) =>
    isAllowed(
      [ANYTHING, ofBucket],
      requestOf({ arn, tags: {} }, action, `arn:aws:s3:::${landing}/landing/a`),
    );
  const settle = `arn:aws:iam::${ACCOUNT}:role/bank-batch-intake-${STAGE}-${REGION}-settle`;
  assert.equal(mayAnything(settle, "s3:DeleteObjectVersion"), true);
  assert.equal(mayAnything(ADMINISTRATOR, "s3:DeleteObjectVersion"), false);
  assert.equal(mayAnything(ADMINISTRATOR, "s3:PutObject"), false);
}
