/** The definition of the backfill's state machine: valid, and every way on from every state is taken as it says. */
import type { Context } from "aws-lambda";

import { piece as pieceHandler } from "../../../src/extract/backfill/lambda";
import { newPiece, type Piece } from "../../../src/extract/backfill/piece";
import { backfillInputOf, MOST_MONTHS, parseBackfill, rangesOf } from "../../../src/extract/backfill/request";
import { summarise } from "../../../src/extract/backfill/summary";
import { addMonths, type Month, monthRange } from "../../../src/platform/month";
import { readDefinition, resourceOf, taskStates } from "../../support/asl";
import {
  errorNamed,
  execute,
  EXECUTION,
  type Json,
  PathCoverage,
  type Tasks,
} from "../../support/state-machine";

const NOW = new Date("2026-11-20T12:00:00Z");
const definition = readDefinition("backfill");
const coverage = new PathCoverage(definition);
const input = { months: ["2026-01", "2026-03", "2026-05"], lake: true };

type Name = "BackfillPlan" | "BackfillPiece" | "BackfillReport" | "Lake";
type Fault = (call: number, input: Json) => Error | undefined;

/** Does what the functions do, and fails when a test says so. Remembers what each was given. */
class Functions {
  readonly inputs: Record<Name, Json[]> = {
    BackfillPlan: [],
    BackfillPiece: [],
    BackfillReport: [],
    Lake: [],
  };
  mostAtOnce = 0;
  #running = 0;

  constructor(private readonly faults: Readonly<Partial<Record<Name, Fault>>> = {}) {}

  get tasks(): Tasks {
    const results: Record<Name, (given: Json) => unknown> = { ...usual };
    return Object.fromEntries(
      (Object.keys(results) as Name[]).map((name) => [
        name,
        (given: Json) => this.#call(name, given, results[name]),
      ]),
    );
  }

  async #call(name: Name, given: Json, result: (given: Json) => unknown): Promise<unknown> {
    this.inputs[name].push(given);
    const call = this.inputs[name].length;
    if (name === "BackfillPiece") this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#running);
    await new Promise(setImmediate);
    if (name === "BackfillPiece") this.#running -= 1;
    const failure = this.faults[name]?.(call, given);
    if (failure !== undefined) throw failure;
    return result(given);
  }
}

const usual: Readonly<Record<Name, (given: Json) => unknown>> = {
  BackfillPlan: (given) => {
    const backfill = parseBackfill(given, NOW);
    const pieces = rangesOf(backfill.months).map((range) => newPiece(backfill.request, range, backfill.lake));
    return { input: backfillInputOf(backfill, backfill.months), pieces };
  },
  BackfillPiece: (given) => {
    const piece = given as unknown as Piece;
    const done = monthRange(piece.from, piece.to).map((month) => ({
      month,
      status: "published",
      revision: 1,
    }));
    return { ...piece, done, step: piece.lake ? "lake" : "end" };
  },
  BackfillReport: (given) => summarise(given["state"], NOW),
  Lake: () => ({ runId: "run-1", months: ["what nothing needs"] }),
};

async function run(faults: Readonly<Partial<Record<Name, Fault>>> = {}, given: Json = input) {
  const functions = new Functions(faults);
  const execution = await execute(definition, functions.tasks, given, coverage);
  return { ...execution, inputs: functions.inputs, mostAtOnce: functions.mostAtOnce };
}

it("every error that is worth a retry is retried where it can happen", () => {
  const missing = taskStates(definition).flatMap(({ name, Retry = [] }) => {
    const retried = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
    const possible = {
      Plan: ["StorageError", "DeadlineError"],
      Extract: ["DatabaseUnavailableError", "ConflictError", "StorageError", "DeadlineError"],
      Lake: ["ConflictError", "StorageError", "DeadlineError"],
    }[name];
    return (possible ?? ["States.ALL"])
      .filter((error) => !retried.includes(error))
      .map((error) => [name, error]);
  });
  expect(missing).toEqual([]);
});

describe("an execution", () => {
  it("extracts each piece once, brings its months into the lake, and reports", async () => {
    const { status, inputs, output } = await run();
    expect(status).toBe("SUCCEEDED");
    expect(inputs.BackfillPiece.map((each) => each["from"])).toEqual(input.months);
    expect(inputs.Lake).toEqual(input.months.map((month) => ({ dataset: "loan_moving_average", month })));
    expect(inputs.BackfillReport[0]).toMatchObject({ execution: EXECUTION });
    expect(output).toMatchObject({ outcome: "done", done: [{}, {}, {}] });
  });

  it("leaves the lake alone if nobody asks for it", async () => {
    const { status, inputs } = await run({}, { months: input.months });
    expect([status, inputs.Lake]).toEqual(["SUCCEEDED", []]);
  });

  it("runs no more pieces at once than the functions that are reserved for them", async () => {
    const { mostAtOnce } = await run({}, { from: "2021-01", to: "2025-12" });
    expect(mostAtOnce).toBe(1);
    const apart = Array.from({ length: 12 }, (_, index) => addMonths("2021-01" as Month, 2 * index));
    expect((await run({}, { months: apart })).mostAtOnce).toBe(2);
  });

  it("repeats a piece until nothing of it is left", async () => {
    let left = 3;
    const functions = new Functions();
    const { status } = await execute(
      definition,
      {
        ...functions.tasks,
        BackfillPiece: (given) =>
          Promise.resolve(left-- > 0 ? { ...given, step: "extract" } : usual.BackfillPiece(given)),
      },
      { from: "2026-01", to: "2026-03" },
      coverage,
    );
    expect([status, left]).toEqual(["SUCCEEDED", -1]);
  });

  it("goes on with the other pieces when one fails, and ends as failed with the input that goes on", async () => {
    const { status, output, path } = await run({
      BackfillPiece: (_, given) =>
        given["from"] === "2026-03" ? errorNamed("ReconciliationError") : undefined,
    });
    expect([status, path.at(-1)]).toEqual(["FAILED", "Failed"]);
    expect(output).toMatchObject({
      done: [{ month: "2026-01" }, { month: "2026-05" }],
      failed: [{ from: "2026-03", to: "2026-03", error: "ReconciliationError", message: "what happened" }],
      goOn: { from: "2026-03", to: "2026-03", lake: true },
    });
  });

  it("goes on with the other months when the lake can't take one", async () => {
    const { status, output } = await run({
      Lake: (_, given) => (given["month"] === "2026-03" ? errorNamed("ConfigError") : undefined),
    });
    expect(status).toBe("FAILED");
    expect(output).toMatchObject({
      ...{ failed: [], notInLake: [{ month: "2026-03", error: "ConfigError" }] },
      goOn: { from: "2026-03", to: "2026-03", lake: true },
    });
  });

  it("reports what could not even be planned", async () => {
    const { status, output, inputs } = await run({ BackfillPlan: () => errorNamed("RequestError") });
    expect([status, inputs.BackfillPiece]).toEqual(["FAILED", []]);
    expect(output).toMatchObject({ notPlanned: { error: "RequestError" }, goOn: input });
  });

  it("ends as failed if nobody can be told", async () => {
    const { status, path } = await run({ BackfillReport: () => errorNamed("NotFoundException") });
    expect([status, path.filter((state) => state === "Report")]).toEqual(["FAILED", Array(7).fill("Report")]);
  });

  it("waits for another run of a month for longer than a Lambda may run", async () => {
    const { status, waitedSeconds } = await run(
      { BackfillPiece: (call) => (call <= 8 ? errorNamed("ConflictError") : undefined) },
      { from: "2026-01", to: "2026-01" },
    );
    expect(status).toBe("SUCCEEDED");
    expect(waitedSeconds).toBeGreaterThan(900);
  });
});

const retries = taskStates(definition).flatMap((state) =>
  (state.Retry ?? []).flatMap(({ ErrorEquals, MaxAttempts = 3 }) =>
    ErrorEquals.map((error) => ({
      ...{ state: state.name, task: resourceOf(state) as Name, attempts: MaxAttempts },
      error: error === "States.ALL" ? "AnyError" : error,
    })),
  ),
);

it.each(retries)(
  "a retry of $state for $error ends well on the last attempt",
  async ({ state, task, error, attempts }) => {
    const { status, path } = await run(
      { [task]: (call: number) => (call <= attempts ? errorNamed(error) : undefined) },
      { from: "2026-01", to: "2026-01", lake: true },
    );
    expect([status, path.filter((each) => each === state)]).toEqual([
      "SUCCEEDED",
      Array(attempts + 1).fill(state),
    ]);
  },
);

it("these tests take every way on from every state", () => {
  expect(coverage.untaken).toEqual([]);
});

describe("the state stays within its limit", () => {
  it("if every month of the longest backfill fails with the longest message", async () => {
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
    const context = { functionName: "piece", getRemainingTimeInMillis: () => 20_000 } as Context;
    // Far too long an input, which the error's message quotes.
    const long = {
      ...newPiece(parseBackfill({ months: ["2026-01"] }, NOW).request, ["2026-01" as Month], false),
    };
    const failure = await pieceHandler({ ...long, options: { extract: "x".repeat(10_000) } }, context).catch(
      (error: unknown) => error as Error,
    );
    jest.restoreAllMocks();
    const { name, message, stack } = failure as Error;
    expect([name, stack]).toEqual(["ConfigError", "ConfigError"]);
    expect(message).toMatch(/^wrong settings: /);
    expect(message.length).toBeLessThan(500);

    const every = Array.from({ length: MOST_MONTHS }, (_, index) => addMonths("2006-11" as Month, index));
    const functions = new Functions({ BackfillPiece: () => failure as Error });
    const single = (given: Json) => {
      const plan = usual.BackfillPlan({ months: every, lake: true }) as { pieces: Piece[] };
      const { request } = parseBackfill(given, NOW);
      return Promise.resolve({ ...plan, pieces: every.map((month) => newPiece(request, [month], true)) });
    };
    const { status, output } = await execute(
      definition,
      { ...functions.tasks, BackfillPlan: single },
      {
        months: every,
      },
    );
    expect(status).toBe("FAILED");
    expect(output["failed"]).toHaveLength(MOST_MONTHS);
  });
});
