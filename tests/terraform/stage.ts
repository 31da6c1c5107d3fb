/** The stage under test, and what its functions get from the SSM parameters. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { parse } from "yaml";

import { ROOT } from "../support/root";
import type { Account } from "./account";

export const STAGE = "prod";
export const REGION = "eu-west-1";
/** Moto's only account. */
export const ACCOUNT = "123456789012";

export async function parameter(account: Account, name: string): Promise<string> {
  const answer = await account.call<{ Parameter: { Value: string } }>("ssm", "get_parameter", {
    Name: `/bank-batch/${STAGE}/${name}`,
  });
  return answer.Parameter.Value;
}

type Value = string | { readonly Ref: string } | { readonly "Fn::Sub": string };

interface ServerlessFile {
  readonly service: string;
  readonly functions: Readonly<Record<string, object>>;
  readonly resources: {
    readonly Parameters: Readonly<Record<string, { readonly Default: string }>>;
    readonly extensions: Readonly<
      Record<string, { Properties: { Environment: { Variables: Readonly<Record<string, Value>> } } }>
    >;
  };
}

export interface DeployedFunction {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
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

/** The functions of a stack, with their settings as CloudFormation resolves them. */
export async function functionsOf(account: Account, file: string): Promise<readonly DeployedFunction[]> {
  const stack = await read(file);
  const values = await parametersOf(account, stack);
  const resolved = (value: Value): string => {
    if (typeof value === "string") return value;
    // Something that the stack itself makes has no value here.
    if ("Ref" in value) return values.get(value.Ref) ?? value.Ref;
    return value["Fn::Sub"].replace("${sls:stage}", STAGE).replace("${AWS::AccountId}", ACCOUNT);
  };
  return Object.keys(stack.functions).map((task) => {
    const logicalId = `${task.charAt(0).toUpperCase()}${task.slice(1)}LambdaFunction`;
    const { Variables } = stack.resources.extensions[logicalId]?.Properties.Environment ?? { Variables: {} };
    return {
      name: `${stack.service}-${STAGE}-${task}`,
      variables: Object.fromEntries(
        Object.entries(Variables).map(([variable, value]) => [variable, resolved(value)]),
      ),
    };
  });
}

/** The settings of a function of serverless.yml, and those for this machine's database and endpoints. */
export async function environmentOf(task: string, account: Account): Promise<Record<string, string>> {
  const functions = await functionsOf(account, "serverless.yml");
  const found = functions.find(({ name }) => name === `bank-batch-${STAGE}-${task}`);
  assert.ok(found !== undefined, `serverless.yml has no function ${task}`);
  // Lambda's own file, which this machine does not have.
  const variables = Object.entries(found.variables).filter(([name]) => name !== "NODE_EXTRA_CA_CERTS");
  return {
    ...account.environment,
    ...Object.fromEntries(variables),
    DB_SSL: "disable",
    S3_FORCE_PATH_STYLE: "true",
  };
}
