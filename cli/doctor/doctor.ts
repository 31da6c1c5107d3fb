/** Looks at everything that a stage needs before its first run, and changes nothing. */
import type { Account, Parameters } from "./account";
import { checkBucket } from "./bucket";
import { checkConcurrency } from "./concurrency";
import { checkDatabase, checkSecret, databaseUnknown } from "./database";
import { type Finding, look, unknown } from "./finding";
import { checkFunctions } from "./functions";
import { backfillChecks, intakeChecks, lakeChecks } from "./pipelines";
import { checkParameters, readParameters } from "./parameters";
import { checkSchedules } from "./schedules";
import { checkTopic } from "./topics";

/**
 * @param observe is called with each finding as soon as it is made.
 * @throws ConfigError if the SDK can't send requests at all: no credentials, no region.
 */
export async function examine(
  account: Account,
  observe: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const add = (found: readonly Finding[]) => {
    account.deadline.signal.throwIfAborted();
    findings.push(...found);
    found.forEach(observe);
  };
  let parameters: Parameters = {};
  add(
    await look("parameters", "ssm:GetParameters", async () => {
      parameters = await readParameters(account);
      return checkParameters(parameters, account.stage);
    }),
  );
  for (const check of checksOf(account, parameters)) add(await check());
  return findings;
}

/** What needs a parameter that is not there can't be looked at. */
function checksOf(account: Account, parameters: Parameters): readonly (() => Promise<readonly Finding[]>)[] {
  const {
    "database-secret-arn": secretId,
    "extracts-bucket": bucket,
    "extracts-key-arn": keyArn,
    "notify-topic-arn": notify,
    "announce-topic-arn": announce,
  } = parameters;
  const topic = (name: string, arn: string | undefined, needsSubscriber: boolean) =>
    arn === undefined
      ? () => notInParameters(`topic ${name}`)
      : () =>
          look(`topic ${name}`, "sns:GetTopicAttributes", () =>
            checkTopic(account, name, arn, needsSubscriber),
          );
  return [
    ...(secretId === undefined
      ? [() => Promise.resolve(databaseUnknown())]
      : [
          () =>
            look("secret", "secretsmanager:GetSecretValue and kms:Decrypt", () =>
              checkSecret(account, secretId),
            ),
          () => look("database", "a way to the database", () => checkDatabase(account, secretId)),
        ]),
    bucket === undefined ? () => notInParameters("bucket") : () => checkBucket(account, bucket, keyArn),
    topic("notify", notify, true),
    topic("announce", announce, false),
    () => look("functions", "lambda:GetFunctionConfiguration", () => checkFunctions(account, parameters)),
    () =>
      look("concurrency", "lambda:GetAccountSettings and lambda:GetFunctionConcurrency", () =>
        checkConcurrency(account, parameters),
      ),
    () => look("schedules", "scheduler:ListSchedules", () => checkSchedules(account)),
    ...backfillChecks(account, parameters),
    ...intakeChecks(account, parameters),
    ...lakeChecks(account, parameters),
  ];
}

function notInParameters(check: string): Promise<readonly Finding[]> {
  return Promise.resolve([unknown(check, "its name is not in SSM", "Correct the parameters first.")]);
}
