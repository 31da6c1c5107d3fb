/** The functions: deployed, with the settings that SSM has now, and with room for the reservation of the extract. */
import {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";

import { type Account, functionName, type Parameters } from "./account";
import { type Finding, fine, isMissing, wrong } from "./finding";

type Settings = Readonly<Record<string, keyof Parameters>>;

/** The settings of each function that come from SSM; a test compares them with serverless.yml. */
export const functionSettings: Readonly<Record<string, Settings>> = {
  extract: {
    DB_SECRET_ID: "database-secret-arn",
    EXTRACT_BUCKET: "extracts-bucket",
    EXTRACT_KMS_KEY_ID: "extracts-key-arn",
  },
  verify: { EXTRACT_BUCKET: "extracts-bucket" },
  announce: { EXTRACT_BUCKET: "extracts-bucket", ANNOUNCE_TOPIC_ARN: "announce-topic-arn" },
  notify: { NOTIFY_TOPIC_ARN: "notify-topic-arn" },
  rotate: {},
};

/** Lambda keeps this much of an account's concurrency for functions without a reservation. */
const UNRESERVED_MINIMUM = 100;

/** @throws the SDK's error if Lambda refuses or doesn't answer. */
export async function checkFunctions(account: Account, parameters: Parameters): Promise<readonly Finding[]> {
  const problems: Finding[] = [];
  for (const task of Object.keys(functionSettings)) {
    problems.push(...(await checkFunction(account, parameters, task)));
  }
  const count = Object.keys(functionSettings).length;
  return problems.length > 0
    ? problems
    : [fine("functions", `all ${count} are deployed, with the settings in SSM`)];
}

async function checkFunction(
  account: Account,
  parameters: Parameters,
  task: string,
): Promise<readonly Finding[]> {
  const { clients, stage, deadline } = account;
  const name = functionName(account, task);
  try {
    const command = new GetFunctionConfigurationCommand({ FunctionName: name });
    const { State, LastUpdateStatus, Environment } = await clients.lambda.send(command, {
      abortSignal: deadline.signal,
    });
    const variables = Environment?.Variables ?? {};
    const stale = Object.entries(functionSettings[task] ?? {})
      .filter(([variable, parameter]) => variables[variable] !== parameters[parameter])
      .map(([variable]) => variable);
    if (stale.length > 0) {
      const hint = `Run: npx serverless deploy --stage ${stage} --force`;
      return [wrong("functions", `${name} has other values than SSM: ${stale.join(", ")}`, hint)];
    }
    if (State === "Failed" || LastUpdateStatus === "Failed") {
      const hint = `Look at the reason in the console of Lambda, then run: npx serverless deploy --stage ${stage} --force`;
      return [wrong("functions", `${name} can't be invoked: its last update failed`, hint)];
    }
    return [];
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [wrong("functions", `${name} is not deployed`, `Run: npx serverless deploy --stage ${stage}`)];
  }
}

/** @throws the SDK's error if Lambda refuses or doesn't answer. */
export async function checkConcurrency(account: Account): Promise<readonly Finding[]> {
  const { clients, deadline } = account;
  const options = { abortSignal: deadline.signal };
  const { AccountLimit } = await clients.lambda.send(new GetAccountSettingsCommand({}), options);
  const [limit, unreserved] = [
    AccountLimit?.ConcurrentExecutions ?? 0,
    AccountLimit?.UnreservedConcurrentExecutions ?? 0,
  ];
  if (unreserved > UNRESERVED_MINIMUM || (await hasReservation(account)))
    return [fine("concurrency", `the account may run ${limit} functions at once`)];
  return [
    wrong(
      "concurrency",
      `of ${limit} functions at once, ${unreserved} are not reserved: too few to reserve one for the extract`,
      "Ask for a higher quota of Lambda, Concurrent executions, in Service Quotas: 1,000 is usual.",
    ),
  ];
}

async function hasReservation(account: Account): Promise<boolean> {
  const command = new GetFunctionConcurrencyCommand({ FunctionName: functionName(account, "extract") });
  try {
    const { ReservedConcurrentExecutions = 0 } = await account.clients.lambda.send(command, {
      abortSignal: account.deadline.signal,
    });
    return ReservedConcurrentExecutions > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
