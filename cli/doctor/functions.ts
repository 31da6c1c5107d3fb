/** The functions: deployed, with the settings that SSM has now. */
import {
  GetFunctionConfigurationCommand,
  type GetFunctionConfigurationCommandOutput,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";

import {
  type Account,
  configOf,
  functionName,
  type ParameterName,
  type Parameters,
  type Service,
} from "./account";
import { type Finding, fine, isMissing, wrong } from "./finding";

type Settings = Readonly<Record<string, ParameterName>>;

/** The settings of each stack's functions that come from SSM; a test compares them with the serverless files. */
export const functionSettings: Readonly<Record<Service, Readonly<Record<string, Settings>>>> = {
  "bank-batch": {
    extract: {
      DB_SECRET_ID: "database-secret-arn",
      EXTRACT_BUCKET: "extracts-bucket",
      EXTRACT_KMS_KEY_ID: "extracts-key-arn",
    },
    verify: { EXTRACT_BUCKET: "extracts-bucket" },
    announce: { EXTRACT_BUCKET: "extracts-bucket", ANNOUNCE_TOPIC_ARN: "announce-topic-arn" },
    notify: { NOTIFY_TOPIC_ARN: "notify-topic-arn" },
    rotate: {},
  },
  "bank-batch-backfill": {
    plan: { EXTRACT_BUCKET: "extracts-bucket" },
    piece: {
      DB_SECRET_ID: "database-secret-arn",
      EXTRACT_BUCKET: "extracts-bucket",
      EXTRACT_KMS_KEY_ID: "extracts-key-arn",
    },
    report: { NOTIFY_TOPIC_ARN: "notify-topic-arn" },
  },
  "bank-batch-intake": {
    start: {},
    receive: {
      LANDING_BUCKET: "landing-bucket",
      INTAKE_BUCKET: "intake-bucket",
      INTAKE_KMS_KEY_ID: "intake-key-arn",
    },
    load: {
      INTAKE_DB_SECRET_ID: "intake-database-secret-arn",
      INTAKE_BUCKET: "intake-bucket",
      INTAKE_KMS_KEY_ID: "intake-key-arn",
    },
    stage: { INTAKE_BUCKET: "intake-bucket", INTAKE_KMS_KEY_ID: "intake-key-arn" },
    settle: {
      LANDING_BUCKET: "landing-bucket",
      INTAKE_BUCKET: "intake-bucket",
      INTAKE_KMS_KEY_ID: "intake-key-arn",
      NOTIFY_TOPIC_ARN: "notify-topic-arn",
      INTAKE_TOPIC_ARN: "intake-topic-arn",
    },
  },
  "bank-batch-lake": {
    lake: { EXTRACT_BUCKET: "extracts-bucket", INTAKE_BUCKET: "intake-bucket" },
    refine: { NOTIFY_TOPIC_ARN: "notify-topic-arn" },
  },
};

/** @throws the SDK's error if Lambda refuses or doesn't answer. */
export async function checkFunctions(
  account: Account,
  parameters: Parameters,
  service: Service = "bank-batch",
): Promise<readonly Finding[]> {
  const check = service.replace("bank-batch-", "functions of ").replace("bank-batch", "functions");
  const problems: Finding[] = [];
  for (const [task, settings] of Object.entries(functionSettings[service])) {
    const found = await readFunction(account, functionName(account, task, service));
    problems.push(...problemsOf(found, settings, parameters).map(([what, todo]) => wrong(check, what, todo)));
  }
  const count = Object.keys(functionSettings[service]).length;
  return problems.length > 0
    ? problems
    : [fine(check, `all ${count} are deployed, with the settings in SSM`)];

  function problemsOf(
    { name, answer }: Deployed,
    settings: Settings,
    values: Parameters,
  ): readonly (readonly [what: string, todo: string])[] {
    const config = service === "bank-batch" ? "" : `--config ${configOf[service]} `;
    const deploy = `npx serverless deploy ${config}--stage ${account.stage}`;
    if (answer === undefined) return [[`${name} is not deployed`, `Run: ${deploy}`]];
    const { State, LastUpdateStatus, Environment } = answer;
    const variables = Environment?.Variables ?? {};
    const stale = Object.entries(settings)
      .filter(([variable, parameter]) => variables[variable] !== values[parameter])
      .map(([variable]) => variable);
    if (stale.length > 0)
      return [[`${name} has other values than SSM: ${stale.join(", ")}`, `Run: ${deploy} --force`]];
    if (State === "Failed" || LastUpdateStatus === "Failed") {
      const todo = `Look at the reason in the console of Lambda, then run: ${deploy} --force`;
      return [[`${name} can't be invoked: its last update failed`, todo]];
    }
    return [];
  }
}

interface Deployed {
  readonly name: string;
  /** Undefined if the function is not deployed. */
  readonly answer: GetFunctionConfigurationCommandOutput | undefined;
}

/** @throws the SDK's error if Lambda refuses or doesn't answer. */
export async function readFunction({ clients, deadline }: Account, name: string): Promise<Deployed> {
  try {
    const command = new GetFunctionConfigurationCommand({ FunctionName: name });
    return { name, answer: await clients.lambda.send(command, { abortSignal: deadline.signal }) };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { name, answer: undefined };
  }
}

/**
 * The queues from which a function gets its messages.
 *
 * @throws the SDK's error if Lambda refuses or doesn't answer.
 */
export async function checkQueues(account: Account, name: string): Promise<readonly Finding[]> {
  const { clients, deadline } = account;
  const check = `queue of ${name}`;
  const command = new ListEventSourceMappingsCommand({ FunctionName: name });
  const { EventSourceMappings = [] } = await clients.lambda.send(command, { abortSignal: deadline.signal });
  const hint = "Switch the trigger on in the console of Lambda, or deploy the stack again with --force.";
  if (EventSourceMappings.length === 0) return [wrong(check, "no queue sends messages to it", hint)];
  return EventSourceMappings.map(({ EventSourceArn = "", State = "" }) =>
    State === "Enabled"
      ? fine(check, `${EventSourceArn.split(":").at(-1) ?? ""} sends messages to it`)
      : wrong(check, `${EventSourceArn} sends nothing to it: ${State}`, hint),
  );
}
