/** Starts a backfill on AWS and follows its execution to the end. */
import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";

import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  type SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import * as v from "valibot";

import { pieceSchema } from "../../src/extract/backfill/piece";
import type { BackfillSummary } from "../../src/extract/backfill/summary";
import type { Edge } from "../../src/platform/edge";
import { BatchError, ConfigError } from "../../src/platform/errors";
import type { Flags } from "../options";
import type { Terminal } from "../terminal";
import { count } from "../wording";
import { asked, executionsOf, stateMachinesOf, stepFunctions } from "./state-machines";

/** Following an execution is the one place that asks again and again: Step Functions tells a terminal nothing by itself. */
const ASK_EVERY_MS = 3000;

/** How many running executions are compared with the one that is asked for. */
const RUNNING = 100;

/**
 * Starts the backfill, or joins an execution with the same input that is still running, and follows it.
 *
 * @throws ConfigError if the stage has no such state machine; BatchError if the execution ends without a summary.
 */
export async function followBackfill(
  input: Flags,
  stage: string,
  edge: Edge,
  terminal: Pick<Terminal, "say" | "progress">,
  askEveryMs: number = ASK_EVERY_MS,
): Promise<BackfillSummary> {
  const client = stepFunctions(edge);
  const machines = await stateMachinesOf(client, stage, edge);
  const machine = machines.find(({ pipeline }) => pipeline === "backfill");
  if (machine === undefined) {
    throw new ConfigError(
      `the stage ${stage} has no state machine for backfills in this account and region`,
      {
        hint: `Check AWS_PROFILE and AWS_REGION, or deploy it: npx serverless deploy --config serverless.backfill.yml --stage ${stage}`,
      },
    );
  }
  const running = await sameInput(client, machine.arn, input, edge);
  const executionArn = running ?? (await started(client, machine.arn, input, edge));
  terminal.say(`${running === undefined ? "started" : "already running"}  ${executionArn}`);
  return follow(client, executionArn, edge, terminal, askEveryMs);
}

/** An execution that runs with this input: its command was given before. */
async function sameInput(
  client: SFNClient,
  machineArn: string,
  input: Flags,
  edge: Edge,
): Promise<string | undefined> {
  const wanted: unknown = JSON.parse(JSON.stringify(input));
  for (const { executionArn } of await executionsOf(client, machineArn, "RUNNING", RUNNING, edge)) {
    const command = new DescribeExecutionCommand({ executionArn });
    const { input: text = "{}" } = await asked(client.send(command, { abortSignal: edge.deadline.signal }));
    if (isDeepStrictEqual(JSON.parse(text), wanted)) return executionArn;
  }
  return undefined;
}

async function started(
  client: SFNClient,
  stateMachineArn: string,
  input: Flags,
  edge: Edge,
): Promise<string> {
  // With a name, the SDK's own second attempt starts nothing twice.
  const command = new StartExecutionCommand({
    stateMachineArn,
    name: edge.runId,
    input: JSON.stringify(input),
  });
  const { executionArn = "" } = await asked(client.send(command, { abortSignal: edge.deadline.signal }));
  return executionArn;
}

async function follow(
  client: SFNClient,
  executionArn: string,
  edge: Edge,
  terminal: Pick<Terminal, "say" | "progress">,
  askEveryMs: number,
): Promise<BackfillSummary> {
  const { signal: abortSignal } = edge.deadline;
  const progress = new BackfillProgress(terminal);
  let seen = 0;
  for (;;) {
    // Asked for before the history, so that the history of an execution that has ended is whole.
    const describe = new DescribeExecutionCommand({ executionArn });
    const { status, cause } = await asked(client.send(describe, { abortSignal }));
    for (const event of await eventsAfter(client, executionArn, seen, abortSignal)) {
      seen = event.id ?? seen;
      progress.observe(event);
    }
    if (status !== "RUNNING" && status !== "PENDING_REDRIVE") {
      if (progress.summary !== undefined) return progress.summary;
      throw new BatchError(
        `the execution has ended as ${status ?? "unknown"}: ${cause ?? "no reason is given"}`,
        {
          hint: `Look at it in the console of Step Functions, or by aws stepfunctions get-execution-history --execution-arn ${executionArn}; docs/runbook.md has a section for each state.`,
        },
      );
    }
    await sleep(askEveryMs, undefined, { signal: abortSignal });
  }
}

/** The events of an execution after the one with this id, in order. */
async function eventsAfter(
  client: SFNClient,
  executionArn: string,
  seen: number,
  abortSignal: AbortSignal,
): Promise<HistoryEvent[]> {
  const found: HistoryEvent[] = [];
  let nextToken: string | undefined;
  do {
    const command = new GetExecutionHistoryCommand({
      ...{ executionArn, reverseOrder: true, maxResults: 200, includeExecutionData: true, nextToken },
    });
    const { events = [], nextToken: next } = await asked(client.send(command, { abortSignal }));
    found.push(...events.filter(({ id = 0 }) => id > seen));
    nextToken = events.some(({ id = 0 }) => id <= seen) ? undefined : next;
  } while (nextToken !== undefined);
  return found.reverse();
}

const planned = v.object({ pieces: v.array(pieceSchema) });
const summarised = v.looseObject({ outcome: v.picklist(["done", "failed"]) });

/** What the events of an execution say about the months. */
class BackfillProgress {
  summary: BackfillSummary | undefined;
  #pieceCount = 0;
  #endedCount = 0;

  constructor(private readonly terminal: Pick<Terminal, "say" | "progress">) {}

  observe({ stateExitedEventDetails: exited }: HistoryEvent): void {
    const { name, output = "null" } = exited ?? {};
    if (name === "Plan") this.#planned(JSON.parse(output));
    if (name === "PieceEnds") this.#ended(JSON.parse(output));
    if (name === "Report") {
      const content: unknown = JSON.parse(output);
      if (v.is(summarised, content)) this.summary = content as unknown as BackfillSummary;
    }
  }

  #planned(output: unknown): void {
    if (!v.is(planned, output)) return;
    this.#pieceCount = output.pieces.length;
    this.terminal.say(count(this.#pieceCount, "run"));
    this.#show();
  }

  #ended(output: unknown): void {
    const parsed = v.safeParse(pieceSchema, output);
    if (!parsed.success) return;
    const { from, to, done, error } = parsed.output;
    this.#endedCount += 1;
    for (const { month, status, revision } of done)
      this.terminal.say(`${month}  ${status}, revision ${revision}`);
    if (error !== undefined) this.terminal.say(`${from} to ${to}  ${error.Error}`);
    this.#show();
  }

  #show(): void {
    this.terminal.progress(`${this.#endedCount} of ${this.#pieceCount} runs`);
  }
}
