/**
 * The roles that GitHub's workflows assume: each may do what its workflow does. The one for plans, every request of a plan;
 * the one for deployments, everything that CloudFormation needs for the resources of the packaged templates.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { configOf } from "../../cli/doctor/account";
import { handlerPermissions, type Operation, operationsOf } from "../aws-rules/check";
import { command } from "../support/packaged";
import { isAllowed, type Policy, type Request } from "../support/policy";
import type { Account } from "./account";
import { roleOf } from "./isolation";
import { ACCOUNT, REGION, STAGE } from "./stage";
import { Stack } from "./stack";

/** @throws AssertionError unless the role for plans may send each of the recorded requests of a plan. */
export async function expectPlanAllowed(account: Account, requests: string): Promise<void> {
  const own = await roleOf(account, `plan-bank-batch-${STAGE}-${REGION}`, "no-content");
  const policies = [own.policy, await managedPolicy(account, "ReadOnlyAccess")];
  const sent = (await operationsOf(requests)).map(requestOf);
  assert.ok(sent.length > 50);
  assert.deepEqual(
    sent
      .filter((request) => !isAllowed(policies, request))
      .map(({ action, resource }) => `${action} ${resource}`),
    [],
  );
  for (const bucket of ["extracts", "landing", "intake", "logs"]) {
    const resource = `arn:aws:s3:::bank-batch-${STAGE}-${REGION}-${bucket}-${ACCOUNT}/a`;
    assert.equal(isAllowed(policies, { action: "s3:GetObject", resource, context: {} }), false, resource);
  }
}

async function managedPolicy(account: Account, name: string): Promise<Policy> {
  const PolicyArn = `arn:aws:iam::aws:policy/${name}`;
  const { Policy: policy } = await account.call<{ Policy: { DefaultVersionId: string } }>(
    "iam",
    "get_policy",
    {
      PolicyArn,
    },
  );
  const version = { PolicyArn, VersionId: policy.DefaultVersionId };
  const { PolicyVersion } = await account.call<{ PolicyVersion: { Document: Policy } }>(
    "iam",
    "get_policy_version",
    version,
  );
  return PolicyVersion.Document;
}

/** Models of services whose name differs from the start of their actions. */
const PREFIXES: Readonly<Record<string, string>> = { stepfunctions: "states" };

/** Operations whose name differs from that of their action. All others are called Get, List or Describe by both. */
const ACTIONS: Readonly<Record<string, string>> = {
  "s3:HeadBucket": "s3:ListBucket",
  "s3:HeadObject": "s3:GetObject",
};

function requestOf({ service, operation, parameters }: Operation): Request {
  const called = `${PREFIXES[service] ?? service}:${operation}`;
  const action = ACTIONS[called] ?? called;
  const {
    Bucket = "",
    Key,
    Name = "",
    DatabaseName = "",
    TableName = "",
  } = parameters as Readonly<Record<string, string | undefined>>;
  const glue = `arn:aws:glue:${REGION}:${ACCOUNT}`;
  const resources: Readonly<Record<string, string>> = {
    "glue:GetConnection": `${glue}:connection/${Name}`,
    "glue:GetPartitionIndexes": `${glue}:table/${DatabaseName}/${TableName}`,
  };
  const object = `arn:aws:s3:::${Bucket}${Key === undefined ? "" : `/${Key}`}`;
  return { action, resource: service === "s3" ? object : (resources[action] ?? "*"), context: {} };
}

/** @throws AssertionError unless the role for deployments has every permission that the stacks need. */
export async function expectDeploymentAllowed(account: Account): Promise<void> {
  const { policy } = await roleOf(account, `deploy-bank-batch-${STAGE}-${REGION}`, "deploy");
  const missing = new Set<string>();
  for (const [service, config] of Object.entries(configOf)) {
    const needed = await neededFor(service, config);
    assert.ok(needed.length > 50);
    for (const request of needed)
      if (!isAllowed([policy], request)) missing.add(`${request.action} ${request.resource}`);
  }
  assert.deepEqual([...missing], []);
}

/** What CloudFormation asks for when it deploys a stack. */
async function neededFor(service: string, config: string): Promise<readonly Request[]> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "deployed-"));
  try {
    const { exitCode, stderr } = await command(
      "serverless",
      ["package", "--config", config, "--stage", STAGE, "--package", directory],
      { TMPDIR: directory, AWS_REGION: REGION },
    );
    assert.equal(exitCode, 0, stderr);
    const file = path.join(directory, "cloudformation-template-update-stack.json");
    const stack = new Stack(`${service}-${STAGE}`, JSON.parse(await readFile(file, "utf8")) as object);
    return stack.requests(await handlerPermissions(file));
  } finally {
    await rm(directory, { recursive: true });
  }
}
