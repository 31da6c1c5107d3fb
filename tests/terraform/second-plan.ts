/** The second plan: what it would change, and the requests that it sends. */
import assert from "node:assert/strict";
import { appendFile, readFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { RECORDING } from "../support/recorded-requests";
import type { Terraform } from "./terraform";

/**
 * Plans as plan.yml does.
 *
 * @returns the file with the requests that the plan sent.
 * @throws AssertionError if it would change something.
 */
export async function expectNoChanges(terraform: Terraform, variables: readonly string[]): Promise<string> {
  return recordedApart(terraform.directory, async () => {
    assert.deepEqual(await changes(terraform, variables), NOT_STORED_BY_MOTO);
  });
}

/** Records the requests of an action in a file of their own, and then with the others. @returns the file. */
async function recordedApart(directory: string, action: () => Promise<void>): Promise<string> {
  const all = process.env[RECORDING];
  assert.ok(all !== undefined, `${RECORDING} is not set`);
  const apart = path.join(directory, "apart.jsonl");
  process.env[RECORDING] = apart;
  try {
    await action();
  } finally {
    process.env[RECORDING] = all;
  }
  await appendFile(all, await readFile(apart));
  return apart;
}

/** Attributes that Moto 5.2.5 does not store, so a second plan sets them again. */
const NOT_STORED_BY_MOTO = [
  "update aws_glue_connection: connection_type",
  "update aws_glue_job: execution_class",
  "update aws_s3_bucket_replication_configuration: rule",
  "update aws_transfer_user: posix_profile",
  "update aws_vpc_security_group_egress_rule: description",
  "update aws_vpc_security_group_ingress_rule: description",
];

/** The changes of a plan, without duplicates. */
async function changes(terraform: Terraform, variables: readonly string[]): Promise<string[]> {
  await terraform.succeed("plan", "-lock=false", "-out=second.tfplan", ...variables);
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
