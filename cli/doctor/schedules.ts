/** The two schedules: that of the extract, and that of verify. */
import { ListSchedulesCommand, type ScheduleSummary } from "@aws-sdk/client-scheduler";

import { type Account, functionName } from "./account";
import { type Finding, fine, wrong } from "./finding";

const scheduled = ["extract", "verify"];

/** serverless.yml enables the schedules only there. */
const STAGE_WITH_SCHEDULES = "prod";

/** @throws the SDK's error if EventBridge Scheduler refuses or doesn't answer. */
export async function checkSchedules(account: Account): Promise<readonly Finding[]> {
  const schedules = await listSchedules(account);
  return scheduled.map((task) => {
    const found = schedules.find(({ Target }) => Target?.Arn?.endsWith(`:${functionName(account, task)}`));
    return checkSchedule(account.stage, task, found?.State);
  });
}

function checkSchedule(stage: string, task: string, state: string | undefined): Finding {
  const check = `schedule of ${task}`;
  const deploy = `Run: npx serverless deploy --stage ${stage} --force`;
  if (state === undefined) return wrong(check, "doesn't exist", deploy);
  if (state === "ENABLED") return fine(check, "enabled");
  if (stage !== STAGE_WITH_SCHEDULES)
    return fine(check, `off, as on every stage but ${STAGE_WITH_SCHEDULES}`);
  return wrong(check, "is switched off", `Find out who switched it off. ${deploy}`);
}

async function listSchedules({ clients, stage, deadline }: Account): Promise<readonly ScheduleSummary[]> {
  const all: ScheduleSummary[] = [];
  let NextToken: string | undefined;
  do {
    // CloudFormation names a schedule <stack>-<logical id>-<random>.
    const command = new ListSchedulesCommand({ NamePrefix: `bank-batch-${stage}`, NextToken });
    const answer = await clients.scheduler.send(command, { abortSignal: deadline.signal });
    all.push(...(answer.Schedules ?? []));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return all;
}
