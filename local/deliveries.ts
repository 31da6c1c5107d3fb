/**
 * The demonstration's first part: three banks deliver loans of the month, one of them with a wrong trailer, which is rejected
 * and then corrected. The steps are those of the state machine.
 */
import { randomUUID } from "node:crypto";

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

import { openBucket } from "../src/platform/bucket/bucket";
import { awsClients } from "../src/platform/aws";
import { withDeadline } from "../src/platform/deadline";
import type { Edge } from "../src/platform/edge";
import { pascalCase } from "../src/platform/key-name";
import { lastDayOf, type Month } from "../src/platform/month";
import { describeProblem } from "../src/intake/messages";
import { readReport } from "../src/intake/report";
import { parseSettleSettings } from "../src/intake/settings";
import { loadStep, receiveStep, sendMessages, settleStep, stageStep } from "../src/intake/way";
import type { LocalStack } from "./stack";

const TIME_LIMIT_MS = 60_000;
/** Above the ids of the invented loans. */
const FIRST_ID = 900_000_000;

interface BankFile {
  readonly key: string;
  /** Of its header and its details, one line each. */
  readonly lines: readonly string[];
  readonly total: number;
}

export async function deliverLoans(
  month: Month,
  stack: LocalStack,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  say(`\nThe banks deliver loans of ${lastDayOf(month)} into the landing bucket:\n`);
  const files = await bankFiles(month, stack);
  const s3 = new S3Client({ ...stack.aws.clientConfig, forcePathStyle: true });
  const deliver = async (file: BankFile, count: number) => {
    signal.throwIfAborted();
    const { key } = file;
    const body = [...file.lines, `T|${count}|${file.total}`, ""].join("\n");
    const command = new PutObjectCommand({ Bucket: stack.landingBucket, Key: key, Body: body });
    const { VersionId: versionId } = await s3.send(command);
    await take({ bucket: stack.landingBucket, key, versionId }, stack, signal, say);
  };
  try {
    for (const [at, file] of files.entries()) {
      const count = file.lines.length - 1;
      if (at === 1) {
        // This trailer states a record that the file doesn't have.
        await deliver(file, count + 1);
        say("  The bank corrects its file and delivers it again under the same name:");
      }
      await deliver(file, count);
    }
  } finally {
    s3.destroy();
  }
}

/** A file for each bank, with a loan on each of three of its accounts. */
async function bankFiles(month: Month, { postgres, database }: LocalStack): Promise<BankFile[]> {
  const client = await postgres.connect(database);
  const { rows } = await client.query<{ id: number; name: string; accounts: number[] }>(
    `select idbank as id, bank.name, (array_agg(idaccount order by idaccount))[1:3] as accounts
     from bank
     join branch on branch.bank_idbank = bank.idbank
     join client on client.branch_idbranch = branch.idbranch
     join account on account.client_idclient = client.idclient
     group by bank.idbank, bank.name
     order by bank.idbank`,
  );
  await client.end();
  const day = lastDayOf(month);
  return rows.map(({ id, name, accounts }) => ({
    key: `landing/${pascalCase(name)}/loans_${day.replaceAll("-", "")}T220000Z.dat`,
    lines: [
      `H|loans|1|${id}|${day}T22:00:00Z`,
      ...accounts.map((account) => `D|${FIRST_ID + account}|${account}|${account}|${day}`),
    ],
    total: accounts.reduce((sum, account) => sum + account, 0),
  }));
}

/** Takes a delivery through all steps, and says what became of it. */
async function take(
  address: object,
  stack: LocalStack,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const { aws, environment } = stack;
  await withDeadline(
    TIME_LIMIT_MS,
    "Try again.",
    async (deadline) => {
      const clients = awsClients(aws.clientConfig);
      const edge: Edge = { environment, aws: clients, deadline, now: () => new Date(), runId: randomUUID() };
      const { topics, bucket } = parseSettleSettings(environment);
      const loaded = await loadStep(await receiveStep(address, edge), edge);
      const state = loaded.load.outcome === "loaded" ? await stageStep(loaded, edge) : loaded;
      const settled = await settleStep(state, edge, (messages) => sendMessages(messages, edge, topics));
      const found = await readReport(await openBucket(bucket, edge), settled.report ?? "");
      const { key, outcome, counts, problems = [] } = found?.report ?? {};
      say(`  ${key ?? ""}  ${outcome ?? ""}${counts === undefined ? "" : `, ${counts.inserted} new loans`}`);
      for (const problem of problems) say(`    ${describeProblem(problem)}`);
      say(`    report: ${settled.report ?? ""}`);
    },
    signal,
  );
}
