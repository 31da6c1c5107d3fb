/** The stage under test, and what its functions get from the SSM parameters. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { parse } from "yaml";

import { ROOT } from "../support/root";
import type { Account } from "./account";

export const STAGE = "prod";
export const REGION = "eu-west-1";

export async function parameter(account: Account, name: string): Promise<string> {
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
export async function environmentOf(name: string, account: Account): Promise<Record<string, string>> {
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
