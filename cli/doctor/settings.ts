/** The settings of docs/contract.md, section 5, as the functions of a stage have them. */
import { isMisconfigured, misconfigured } from "../../src/platform/aws";
import { BatchError } from "../../src/platform/errors";
import type { Account, ParameterName, Parameters } from "./account";
import { functionSettings } from "./functions";
import { readParameters } from "./parameters";

/** @throws ConfigError, or BatchError if SSM refuses or doesn't answer. */
export async function readSettings(account: Account): Promise<readonly (readonly [string, string])[]> {
  const parameters = await readParameters(account).catch((error: unknown): Parameters => {
    if (isMisconfigured(error)) throw misconfigured(error);
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new BatchError(`the parameters can't be read: ${why}`, {
      hint: "Use a login that has ssm:GetParameters.",
      cause: error,
    });
  });
  const ofAll = Object.values(functionSettings).flatMap((tasks) => Object.values(tasks));
  const settings = Object.assign({}, ...ofAll) as Record<string, ParameterName>;
  return Object.entries(settings).flatMap(([variable, name]) => {
    const value = parameters[name];
    return value === undefined ? [] : [[variable, value] as const];
  });
}
