/** `backfill` and `status --stage`: in one process, and on the local Step Functions with the tests' interpreter. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Context } from "aws-lambda";

import type { BackfillSummary } from "../../../src/extract/backfill/summary";
import { readDefinition } from "../../support/asl";
import { commandLine } from "../../support/command-line";
import { piece, plan, report } from "../../support/handlers";
import { execute } from "../../support/state-machine";
import { World } from "../../support/world";

const context = {
  functionName: "bank-batch-backfill-prod-piece",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

let world: World;
/** Lets the execution of the state machine begin with its work. */
let release: () => void = () => undefined;
const released = new Promise<void>((resolve) => (release = resolve));
beforeAll(async () => {
  world = await World.create("seeded");
  Object.assign(process.env, world.environment);
  process.env["NOTIFY_TOPIC_ARN"] = world.aws.createTopic("people");
  world.aws.createStateMachine("bank-batch-intake-prod");
  world.aws.createStateMachine("bank-batch-backfill-dev");
  world.aws.createStateMachine("bank-batch-backfill-prod", async (input, exited) => {
    await released;
    const tasks = {
      BackfillPlan: (given: unknown) => plan(given, context),
      BackfillPiece: (given: unknown) => piece(given, context),
      BackfillReport: (given: unknown) => report(given, context),
    };
    return execute(readDefinition("backfill"), tasks, input as Record<string, unknown>, { exited });
  });
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
  // Its months and the windows that it is in can't reconcile: it has no bank.
  await world.sql("insert into loans (idloan, amount, loan_date) values (1, 100, '2026-08-10')");
});
afterAll(async () => {
  jest.restoreAllMocks();
  await world.close();
});

const command = (...flags: string[]) => commandLine(flags, world.environment);

it("a backfill in one process does the months that it can, and ends with the command that goes on", async () => {
  const { exitCode, stdout, stderr } = await command(
    "backfill",
    "--from",
    "2026-06",
    "--to",
    "2026-09",
    "--allow-empty",
  );
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("4 runs")]);
  expect(stderr).toMatch(/\n4 months: 2 published, 2 not done, in [\d.]+ s\n$/);
  expect(stdout).toContain("2026-06 to 2026-07  published");
  expect(stdout).toMatch(/2026-08 {2}ReconciliationError: .*\n {2}2026-09 {2}ReconciliationError/);
  expect(stdout).toContain("npx bank-batch backfill --from 2026-08 --to 2026-09 --allow-empty\n");
});

it("a backfill of a stage is started once, followed from two terminals, and ends with the same summary", async () => {
  const flags = [
    "backfill",
    "--from",
    "2026-06",
    "--to",
    "2026-09",
    "--allow-empty",
    "--stage",
    "prod",
    "--json",
  ];
  const first = command(...flags);
  while (world.aws.executions.length === 0) await sleep(50);
  const running = await command("status", "--stage", "prod");
  expect(running.stdout).toMatch(/^backfill {2}RUNNING/m);
  const lists = () => world.aws.requests.filter(({ operation }) => operation === "ListExecutions").length;
  const before = lists();
  const second = command(...flags);
  // The second one has found it.
  while (lists() === before) await sleep(50);
  release();
  const ended = await Promise.all([first, second]);
  expect(ended.map(({ exitCode }) => exitCode)).toEqual([1, 1]);
  expect(ended.map(({ stderr }) => /^(started|already running) /m.exec(stderr)?.[1]).sort()).toEqual([
    "already running",
    "started",
  ]);
  expect(ended[0].stderr).toMatch(/2026-06 {2}unchanged, revision 1/);
  expect(world.aws.executions).toHaveLength(1);
  const [one, other] = ended.map(({ stdout }) => JSON.parse(stdout) as BackfillSummary);
  expect(other).toEqual(one);
  expect(one).toMatchObject({
    ...{ outcome: "failed", done: [{ month: "2026-06" }, { month: "2026-07" }] },
    failed: [{ error: "ReconciliationError" }],
    goOn: { from: "2026-08", to: "2026-09", allowEmpty: true },
  });
  const [message, ...others] = world.aws.messages;
  expect([message?.message, others]).toEqual([expect.stringContaining("--stage prod"), []]);

  const { stdout } = await command("status", "--stage", "prod");
  expect(stdout).toMatch(/^backfill {2}FAILED {5}\d{4}-\d\d-\d\d \d\d:\d\d/m);
});

it("lists nothing of another stage", async () => {
  const { stdout } = await command("status", "--stage", "dev", "--json");
  expect(JSON.parse(stdout)).toEqual({ stage: "dev", executions: [] });
});

it.each([
  [
    "a stage without the state machine",
    ["--from", "2026-06", "--to", "2026-06", "--stage", "test"],
    64,
    "serverless.backfill.yml",
  ],
  [
    "a month that has not ended, before anything is started",
    ["--from", "2026-06", "--to", "2999-01", "--stage", "prod"],
    64,
    "has not ended",
  ],
])("is refused for %s", async (_, flags, code, text) => {
  const { exitCode, stderr } = await command("backfill", ...flags);
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining(text)]);
});
