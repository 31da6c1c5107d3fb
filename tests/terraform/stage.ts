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

async function read(file: string): Promise<ServerlessFile> {
  return parse(await readFile(path.join(ROOT, file), "utf8"), { merge: true }) as ServerlessFile;
}

/** The values of a stack's parameters, by their names in the template. */
async function parametersOf(
  account: Account,
  { resources }: ServerlessFile,
): Promise<ReadonlyMap<string, string>> {
  const names = Object.values(resources.Parameters).map(({ Default }) =>
    Default.replace("${sls:stage}", STAGE),
  );
  const values = new Map<string, string>();
  // SSM takes ten names at once.
  for (let first = 0; first < names.length; first += 10) {
    const { Parameters } = await account.call<{ Parameters: { Name: string; Value: string }[] }>(
      "ssm",
      "get_parameters",
      { Names: names.slice(first, first + 10) },
    );
    for (const { Name, Value } of Parameters) values.set(Name, Value);
  }
  return new Map(
    Object.entries(resources.Parameters).map(([name, { Default }]) => {
      const value = values.get(Default.replace("${sls:stage}", STAGE));
      assert.ok(value !== undefined && value !== "", `${Default} is not in SSM`);
      return [name, value];
    }),
  );
}

/** @throws AssertionError if a parameter that a stack reads is not there. */
export async function expectParameters(account: Account): Promise<void> {
  for (const file of ["serverless.intake.yml", "serverless.lake.yml"]) {
    await parametersOf(account, await read(file));
  }
}

/** A function's settings as CloudFormation resolves them, and those for this machine's database and endpoints. */
export async function environmentOf(name: string, account: Account): Promise<Record<string, string>> {
  const stack = await read("serverless.yml");
  const values = await parametersOf(account, stack);
  const { Variables } = stack.resources.extensions[`${name}LambdaFunction`]?.Properties.Environment ?? {
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
