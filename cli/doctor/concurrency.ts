/** Whether the account has room for the concurrent executions that functions reserve. */
import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand } from "@aws-sdk/client-lambda";

import { type Account, functionName, type Parameters, type Service } from "./account";
import { type Finding, fine, isMissing, wrong } from "./finding";

/** How many executions each function reserves; a test compares them with the serverless files. */
export const reservations: readonly (readonly [service: Service, task: string, count: number])[] = [
  ["bank-batch", "extract", 1],
  ["bank-batch-intake", "load", 5],
  ["bank-batch-backfill", "piece", 2],
];

/** Lambda keeps this much of an account's concurrency for functions without a reservation. */
const UNRESERVED_MINIMUM = 100;

/** @throws the SDK's error if Lambda refuses or doesn't answer. */
export async function checkConcurrency(
  account: Account,
  parameters: Parameters,
): Promise<readonly Finding[]> {
  const { clients, deadline } = account;
  const command = new GetAccountSettingsCommand({});
  const { AccountLimit } = await clients.lambda.send(command, { abortSignal: deadline.signal });
  const [limit, unreserved] = [
    AccountLimit?.ConcurrentExecutions ?? 0,
    AccountLimit?.UnreservedConcurrentExecutions ?? 0,
  ];
  const missing = await missingReservations(account, parameters);
  const needed = missing.reduce((sum, { count }) => sum + count, 0);
  if (needed === 0 || unreserved - needed >= UNRESERVED_MINIMUM)
    return [fine("concurrency", `the account may run ${limit} functions at once`)];
  const names = missing.map(({ task }) => task).join(" and ");
  return [
    wrong(
      "concurrency",
      `of ${limit} functions at once, ${unreserved} are not reserved: too few to reserve ${needed} for ${names}`,
      "Ask for a higher quota of Lambda, Concurrent executions, in Service Quotas: 1,000 is usual.",
    ),
  ];
}

/** The reservations that the stage needs and does not have. Backfills are an option that leaves no trace before its deployment. */
async function missingReservations(
  account: Account,
  { "landing-bucket": landing }: Parameters,
): Promise<readonly { readonly task: string; readonly count: number }[]> {
  const missing: { task: string; count: number }[] = [];
  for (const [service, task, count] of reservations) {
    if (service === "bank-batch-backfill" || (service === "bank-batch-intake" && landing === undefined))
      continue;
    if (!(await hasReservation(account, functionName(account, task, service)))) missing.push({ task, count });
  }
  return missing;
}

async function hasReservation({ clients, deadline }: Account, FunctionName: string): Promise<boolean> {
  const command = new GetFunctionConcurrencyCommand({ FunctionName });
  try {
    const { ReservedConcurrentExecutions = 0 } = await clients.lambda.send(command, {
      abortSignal: deadline.signal,
    });
    return ReservedConcurrentExecutions > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
