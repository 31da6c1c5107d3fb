/** Backfills, intake and the lake, if the stage has them. */
import { GetBucketVersioningCommand } from "@aws-sdk/client-s3";

import { readTenants } from "../../src/lake/tenants";
import { type Account, functionName, type Parameters } from "./account";
import { checkOtherBucket } from "./bucket";
import { type Finding, fine, isMissing, look, unknown, wrong } from "./finding";
import { checkFunctions, checkQueues, readFunction } from "./functions";
import { checkTopic } from "./topics";

const GET_FUNCTION = "lambda:GetFunctionConfiguration";
const LIST_MAPPINGS = "lambda:ListEventSourceMappings";

/** A stage has intake if Terraform has written its parameters. */
export function intakeChecks(
  account: Account,
  parameters: Parameters,
): readonly (() => Promise<readonly Finding[]>)[] {
  const {
    "landing-bucket": landing,
    "intake-bucket": intake,
    "intake-key-arn": keyArn,
    "intake-topic-arn": topic,
  } = parameters;
  if (landing === undefined || intake === undefined || topic === undefined) return [];
  const starter = functionName(account, "start", "bank-batch-intake");
  return [
    () => checkOtherBucket(account, "landing", landing, keyArn),
    () => checkOtherBucket(account, "intake", intake, keyArn),
    () => look("topic intake", "sns:GetTopicAttributes", () => checkTopic(account, "intake", topic, false)),
    () =>
      look("functions of intake", GET_FUNCTION, () =>
        checkFunctions(account, parameters, "bank-batch-intake"),
      ),
    () => look(`queue of ${starter}`, LIST_MAPPINGS, () => checkQueues(account, starter)),
  ];
}

/** A stage has backfills if their functions are deployed, because they share the parameters of the extract. */
export function backfillChecks(
  account: Account,
  parameters: Parameters,
): readonly (() => Promise<readonly Finding[]>)[] {
  const name = functionName(account, "plan", "bank-batch-backfill");
  return [
    () =>
      look("functions of backfill", GET_FUNCTION, async () => {
        const { answer } = await readFunction(account, name);
        return answer === undefined ? [] : checkFunctions(account, parameters, "bank-batch-backfill");
      }),
  ];
}

/** A stage has a lake if its function is deployed, because the other stacks share its parameters. */
export function lakeChecks(
  account: Account,
  parameters: Parameters,
): readonly (() => Promise<readonly Finding[]>)[] {
  const name = functionName(account, "lake", "bank-batch-lake");
  const refine = functionName(account, "refine", "bank-batch-lake");
  return [
    () =>
      look("functions of lake", GET_FUNCTION, async () => {
        const { answer } = await readFunction(account, name);
        if (answer === undefined) return [];
        const buckets = answer.Environment?.Variables?.["LAKE_BUCKETS"] ?? "";
        return [
          ...(await checkFunctions(account, parameters, "bank-batch-lake")),
          ...(await look(`queue of ${name}`, LIST_MAPPINGS, () => checkQueues(account, name))),
          ...(await look(`queue of ${refine}`, LIST_MAPPINGS, () => checkQueues(account, refine))),
          ...(await look("tenants", "s3:GetBucketVersioning", () => checkTenants(account, buckets))),
        ];
      }),
  ];
}

/** @param template the names of the buckets, with `{tenant}` in the place of the tenant's id. */
async function checkTenants(account: Account, template: string): Promise<readonly Finding[]> {
  const { clients, environment, deadline } = account;
  const s3 = await clients.s3({ forcePathStyle: environment["S3_FORCE_PATH_STYLE"] === "true" });
  const tenants = readTenants(undefined);
  const problems: Finding[] = [];
  for (const { id } of tenants) {
    const bucket = template.replace("{tenant}", id);
    const what = await problemOf(bucket);
    if (what !== undefined) problems.push(what);
  }
  return problems.length > 0
    ? problems
    : [fine("tenants", `all ${tenants.length} have a bucket that keeps versions`)];

  async function problemOf(bucket: string): Promise<Finding | undefined> {
    const hint = "Run terraform apply in infra-terraform, with the tenants of tenants.json.";
    try {
      const command = new GetBucketVersioningCommand({ Bucket: bucket });
      const { Status } = await s3.send(command, { abortSignal: deadline.signal });
      return Status === "Enabled" ? undefined : wrong("tenants", `${bucket} keeps no versions`, hint);
    } catch (error) {
      if (isMissing(error)) return wrong("tenants", `${bucket} doesn't exist`, hint);
      const [refused] = await look("tenants", `s3:GetBucketVersioning on ${bucket}`, () => {
        throw error;
      });
      return refused ?? unknown("tenants", `could not look at ${bucket}`, hint);
    }
  }
}
