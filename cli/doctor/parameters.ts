/** The SSM parameters by which Terraform hands its names to the functions. */
import { GetParametersCommand } from "@aws-sdk/client-ssm";

import { type Account, intakeParameterNames, parameterNames, type Parameters } from "./account";
import { type Finding, fine, wrong } from "./finding";

/** SSM's own limit of names in one request. */
const NAMES_AT_ONCE = 10;

/** @throws the SDK's error if SSM refuses or doesn't answer. */
export async function readParameters({ stage, clients, deadline }: Account): Promise<Parameters> {
  const found: Record<string, string> = {};
  const all = [...parameterNames, ...intakeParameterNames];
  for (let first = 0; first < all.length; first += NAMES_AT_ONCE) {
    const names = all.slice(first, first + NAMES_AT_ONCE);
    const command = new GetParametersCommand({ Names: names.map((name) => `/bank-batch/${stage}/${name}`) });
    const { Parameters: some = [] } = await clients.ssm.send(command, { abortSignal: deadline.signal });
    for (const { Name = "", Value = "" } of some) found[Name.split("/").at(-1) ?? ""] = Value;
  }
  return found;
}

export function checkParameters(parameters: Parameters, stage: string): readonly Finding[] {
  const hasIntake = parameters[intakeParameterNames[0]] !== undefined;
  const names = [...parameterNames, ...(hasIntake ? intakeParameterNames : [])];
  const missing = names.filter((name) => parameters[name] === undefined);
  if (missing.length === 0) return [fine("parameters", `all ${names.length} are in SSM`)];
  const hint = `Run terraform apply in infra-terraform for the stage ${stage}, in this account and region.`;
  return [wrong("parameters", `missing in SSM: ${missing.join(", ")}`, hint)];
}
