/**
 * A run under a fault, and the checks of every such run, however it ends: it ends in time, says what happened, leaves
 * nothing behind, and reveals no secret.
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
  /** The time within which the run must end, its clean-up included. */
  readonly withinMs?: number;
  /** Text that must not appear anywhere, besides the world's password and AWS key. */
  readonly secrets?: readonly string[];
  /** Ends a fault that would outlast the run, before the checks of what is left. */
  readonly release?: () => Promise<void>;
  /** The database that the run reads, if it is not the world's own. */
  readonly database?: Pick<World, "sql" | "connections">;
  /** Starts the run differently, for example by the Lambda's handler. */
  readonly start?: (options: RunOptions) => Promise<Summary>;
}

export interface Failure {
  readonly name: string;
  readonly exitCode: 1 | 64 | 75;
  /** The parts that the message contains. */
  readonly message: readonly string[];
  /** A part of the hint, or a pattern for it. */
  readonly hint: string | RegExp;
  readonly done?: readonly string[];
  /** The keys below the prefix that the failure leaves, in publication or in a later month; by default, no keys. */
  readonly keys?: readonly string[];
  /** Whether uploads are still open because the abort itself failed. */
  readonly leavesUploads?: true;
}

const MONTH = "2026-09";
/** Long enough for a busy machine; a request that nobody ends takes longer. */
const WITHIN_MS = 20_000;

/** Returns the run's summary or error, after the checks that both share. */
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
  // A computing server checks its client once a second, so a lost connection may stay a little longer.
  if ((await database.connections()) > 0) expect(await database.connections()).toBe(0);

  if ("failure" in outcome) heard.hear(...textsOf(outcome.failure));
  const secrets = [String(world.secret["password"]), world.aws.credentials.secretAccessKey];
  for (const secret of [...secrets, ...(run.secrets ?? [])]) {
    // Not by the matcher, which would print the secret.
    expect(heard.texts.filter((text) => text.includes(secret)).length).toBe(0);
  }
  return outcome;
}

/** Expects the run to fail in this way and to leave nothing visible but the expected keys. */
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

/** Expects the run to succeed with whole months: every bank's file holds what the tables say. */
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

/** Every text in an error and its causes: its message, its form in a log, and its hidden properties. */
function textsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [inspect(error, { depth: null })];
  const hint = error instanceof BatchError ? error.hint : "";
  return [
    ...[error.message, hint, error.stack ?? "", JSON.stringify(error), inspect(error, { depth: null })],
    ...(error.cause === undefined ? [] : textsOf(error.cause)),
  ];
}

/** Records what a run writes, and keeps it out of the test's own output. */
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
