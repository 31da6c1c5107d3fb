/**
 * A run under a fault, and what every one of them promises however it ends: it ends in time, tells what happened,
 * leaves nothing behind, and lets no secret out.
 */
import { inspect } from "node:util";

import { BatchError } from "../../src/platform/errors";
import type { Summary } from "../../src/extract/extract";
import { expectedFile, readTables } from "./figures";
import { readRevision } from "./reader";
import type { RunOptions, World } from "./world";

export interface FaultyRun {
  readonly world: World;
  readonly input?: unknown;
  readonly options?: RunOptions;
  /** Within which the run must have ended, cleared up included. */
  readonly withinMs?: number;
  /** What may not appear anywhere, beside the world's password and AWS key. */
  readonly secrets?: readonly string[];
  /** Ends a fault that would outlast the run, before what is left is looked at. */
  readonly release?: () => Promise<void>;
  /** What the run reads, where it is not the world's own database. */
  readonly database?: Pick<World, "sql" | "connections">;
  /** Other than the main path in this process: the Lambda's handler, say. */
  readonly start?: (options: RunOptions) => Promise<Summary>;
}

export interface Failure {
  readonly name: string;
  readonly exitCode: 1 | 64 | 75;
  /** What the message says, in parts. */
  readonly message: readonly string[];
  /** A part of the hint, or a pattern for it. */
  readonly hint: string | RegExp;
  readonly done?: readonly string[];
  /** Below the prefix, what a failure in mid-publication or in a later month may leave; nothing unless told. */
  readonly keys?: readonly string[];
  /** Whether uploads are still open because the abort itself failed. */
  readonly leavesUploads?: true;
}

const MONTH = "2026-09";
const WITHIN_MS = 5000;

/** What came of a run: its summary or its error, after the checks that hold for both. */
async function end(run: FaultyRun, leavesUploads = false): Promise<Summary | { readonly failure: unknown }> {
  const { world, withinMs = WITHIN_MS, input = { month: MONTH } } = run;
  const heard = new Listener();
  const options: RunOptions = {
    ...run.options,
    observe: (event) => {
      heard.hear(JSON.stringify(event));
      run.options?.observe?.(event);
    },
  };
  const startedAt = performance.now();
  const start = run.start ?? ((withObserver: RunOptions) => world.run(input, withObserver));
  const outcome = await start(options).catch((failure: unknown) => ({ failure }));
  const tookMs = performance.now() - startedAt;
  heard.stop();
  await run.release?.();

  expect(tookMs).toBeLessThan(withinMs);
  expect((await world.openUploads()).length > 0).toBe(leavesUploads);
  const database = run.database ?? world;
  // A server looks for its client once a second while it computes, so one that is lost may stay a little longer.
  if ((await database.connections()) > 0) expect(await database.connections()).toBe(0);

  if ("failure" in outcome) heard.hear(...textsOf(outcome.failure));
  const secrets = [String(world.secret["password"]), world.aws.credentials.secretAccessKey];
  for (const secret of [...secrets, ...(run.secrets ?? [])]) {
    // Not by the matcher, which would print the secret.
    expect(heard.texts.filter((text) => text.includes(secret)).length).toBe(0);
  }
  return outcome;
}

/** The run fails in this way, and nothing of it can be seen. */
export async function expectFailure(run: FaultyRun, expected: Failure): Promise<BatchError> {
  const { name, exitCode, message, hint, done = [], keys = [], leavesUploads } = expected;
  const outcome = await end(run, leavesUploads);
  const error = "failure" in outcome ? outcome.failure : new Error("the run succeeded");
  expect(error).toBeInstanceOf(BatchError);
  const failure = error as BatchError;
  expect(failure).toMatchObject({ name, exitCode, retry: exitCode === 75, done });
  for (const part of message) expect(failure.message).toContain(part);
  if (typeof hint === "string") expect(failure.hint).toContain(hint);
  else expect(failure.hint).toMatch(hint);
  expect(await run.world.keys(prefixOf(run))).toEqual(keys);
  return failure;
}

/** The run succeeds, and its months are whole: every bank's file holds what the tables say. */
export async function expectPublished(run: FaultyRun): Promise<Summary> {
  const outcome = await end(run);
  if ("failure" in outcome) throw outcome.failure;
  const tables = await readTables(run.database ?? run.world);
  for (const { month, status } of outcome.months) {
    expect(status).toBe("published");
    const revision = await readRevision(run.world, month, prefixOf(run));
    expect(revision?.manifest.files.map(({ bankId }) => bankId)).toEqual(tables.banks.map(({ id }) => id));
    for (const [bankId, file] of revision?.files ?? []) {
      // Not by a matcher, which would compare files of many megabytes line by line.
      expect(file === expectedFile(tables, bankId, month)).toBe(true);
    }
  }
  return outcome;
}

function prefixOf({ options }: FaultyRun): string {
  return options?.environment?.["EXTRACT_PREFIX"] ?? "";
}

/** All that an error could tell, down its chain of causes: as a text, as a log prints it, and what it hides. */
function textsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [inspect(error, { depth: null })];
  const hint = error instanceof BatchError ? error.hint : "";
  return [
    ...[error.message, hint, error.stack ?? "", JSON.stringify(error), inspect(error, { depth: null })],
    ...(error.cause === undefined ? [] : textsOf(error.cause)),
  ];
}

/** Hears what is written while a run goes on, and keeps it from the test's own output. */
export class Listener {
  readonly texts: string[] = [];
  readonly #spies = [
    ...(["debug", "info", "log", "warn", "error"] as const).map((method) =>
      jest.spyOn(console, method).mockImplementation((...values: unknown[]) => {
        this.hear(...values.map((value) => inspect(value, { depth: null })));
      }),
    ),
    ...[process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, "write").mockImplementation((chunk) => {
        this.hear(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
        return true;
      }),
    ),
  ];

  hear(...texts: string[]): void {
    this.texts.push(...texts);
  }

  stop(): void {
    for (const spy of this.#spies) spy.mockRestore();
  }
}
