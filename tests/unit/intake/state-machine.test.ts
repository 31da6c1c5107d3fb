/** The definition of the state machine: valid, and every retry and every catch is taken as it says. */
import { readDefinition, resourceOf, type Retrier, taskStates as tasksOf } from "../../support/asl";
import {
  errorNamed,
  execute as executeWith,
  type Json,
  PathCoverage,
  type Tasks,
} from "../../support/state-machine";

const definition = readDefinition("intake");
const coverage = new PathCoverage(definition);

const execute = (made: Tasks, input: Json) => executeWith(definition, made, input, coverage);

const landed = { bucket: "landing", key: "landing/Bank/loans_20260930T220000Z.dat", versionId: "1" };
const arrival = { id: "1", key: landed.key };

/** Tasks that do what the handlers do when all is well, and fail as often as a test says. */
function tasks({
  fail = {},
  outcome = "loaded",
  step = "received",
}: {
  readonly fail?: Readonly<Record<string, { readonly error: Error; readonly times: number }>>;
  readonly outcome?: string;
  readonly step?: string;
} = {}) {
  const inputs: Record<string, Json[]> = {};
  const task = (name: string, result: (input: Json) => object) => (input: Json) => {
    const failure = fail[name];
    const calls = (inputs[name] ??= []);
    calls.push(input);
    if (failure !== undefined && calls.length <= failure.times) return Promise.reject(failure.error);
    return Promise.resolve(result(input));
  };
  return {
    inputs,
    IntakeReceive: task("IntakeReceive", () => ({ arrival, step })),
    IntakeLoad: task("IntakeLoad", (input) => ({ arrival: input["arrival"], load: { outcome } })),
    IntakeStage: task("IntakeStage", (input) => ({ ...input, stage: {} })),
    IntakeSettle: task("IntakeSettle", () => ({ outcome })),
  };
}

function run(made: ReturnType<typeof tasks>) {
  const { inputs: _, ...handlers } = made;
  return execute(handlers, landed);
}

const taskStates = tasksOf(definition);

const taskOf: Readonly<Record<string, string>> = Object.fromEntries(
  taskStates.map((state) => [state.name, resourceOf(state)]),
);

/** What makes the execution reach a state. */
const leadingTo: Readonly<Record<string, Parameters<typeof tasks>[0]>> = {
  LoadWithoutWaiting: { fail: { IntakeLoad: { error: errorNamed("WaitingError"), times: 16 } } },
  SettleAsFailed: { fail: { IntakeReceive: { error: errorNamed("RequestError"), times: 1 } } },
};

it("every error that is worth a retry is retried where it can happen", () => {
  const worthOne = ["DatabaseUnavailableError", "ConflictError", "DeadlineError", "StorageError"];
  for (const { name, Retry = [] } of taskStates) {
    const retried = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
    if (retried.includes("States.ALL")) continue;
    const possible = name.startsWith("Load") ? worthOne : worthOne.slice(1);
    expect({ name, missing: possible.filter((error) => !retried.includes(error)) }).toEqual({
      name,
      missing: [],
    });
  }
});

describe("an execution", () => {
  it("that loads takes every step once", async () => {
    const made = tasks();
    const { status, path: states } = await run(made);
    expect([status, ...states]).toEqual(["SUCCEEDED", "Receive", "Load", "Stage", "Settle", "Settled"]);
  });

  it.each(["unchanged", "rejected"])("that ends %s stages nothing", async (outcome) => {
    const { status, path: states } = await run(tasks({ outcome }));
    expect([status, ...states]).toEqual(["SUCCEEDED", "Receive", "Load", "Settle", "Settled"]);
  });

  it("of a delivery that was settled before does nothing", async () => {
    const { status, path: states } = await run(tasks({ step: "settled" }));
    expect([status, ...states]).toEqual(["SUCCEEDED", "Receive", "Settled"]);
  });

  it("waits half an hour for the rows that a delivery refers to, and then loads without waiting", async () => {
    const made = tasks({
      fail: { IntakeLoad: { error: errorNamed("WaitingError"), times: 16 } },
      outcome: "rejected",
    });
    const { status, path: states, waitedSeconds } = await run(made);
    expect(waitedSeconds).toBe(1800);
    expect(states.filter((name) => name === "Load")).toHaveLength(16);
    expect([status, ...states.slice(-4)]).toEqual([
      ...["SUCCEEDED", "Load", "LoadWithoutWaiting", "Settle", "Settled"],
    ]);
    expect(made.inputs["IntakeLoad"]?.at(-1)).toEqual({ arrival, ifMissing: "reject" });
  });

  it("loads at once when the rows are there in time", async () => {
    const made = tasks({ fail: { IntakeLoad: { error: errorNamed("WaitingError"), times: 3 } } });
    const { path: states, waitedSeconds } = await run(made);
    expect(waitedSeconds).toBe(360);
    expect(states).toEqual(["Receive", "Load", "Load", "Load", "Load", "Stage", "Settle", "Settled"]);
  });
});

/** Each error of each retrier of each state. */
const retries = taskStates.flatMap(({ name, Retry = [] }) =>
  Retry.flatMap((retrier: Retrier) =>
    retrier.ErrorEquals.filter((error) => error !== "WaitingError").map((error) => ({
      state: name,
      error: error === "States.ALL" ? "AnyError" : error,
      attempts: retrier.MaxAttempts ?? 3,
    })),
  ),
);

describe("a retry", () => {
  it.each(retries)(
    "of $state for $error ends well on the last attempt",
    async ({ state, error, attempts }) => {
      const lead = leadingTo[state]?.fail ?? {};
      const task = taskOf[state] ?? "";
      const before = lead[task]?.times ?? 0;
      const made = tasks({ fail: lead });
      const failing = made[task as "IntakeLoad"];
      let calls = 0;
      const { inputs, ...handlers } = made;
      const { path: states } = await execute(
        {
          ...handlers,
          [task]: (input) => {
            calls += 1;
            const isLater = calls > before && calls <= before + attempts;
            return isLater ? Promise.reject(errorNamed(error)) : failing(input);
          },
        },
        landed,
      );
      expect(states.filter((name) => name === state)).toHaveLength(attempts + 1);
      expect(states.at(-1)).toBe(state === "SettleAsFailed" ? "Failed" : "Settled");
      expect(Object.keys(inputs)).toContain("IntakeSettle");
    },
  );
});

it("every step but the last is settled as failed when it fails for good", () => {
  const uncaught = taskStates.filter(
    ({ Catch = [] }) => !Catch.some(({ ErrorEquals }) => ErrorEquals.includes("States.ALL")),
  );
  expect(uncaught.map(({ name }) => name)).toEqual(["Settle", "SettleAsFailed"]);
});

describe("a step that fails for good", () => {
  const caught = taskStates.filter(({ Catch = [] }) => Catch.length > 0);

  it.each(caught)("is settled as failed: $name", async ({ name }) => {
    const task = taskOf[name] ?? "";
    const before = leadingTo[name]?.fail?.[task]?.times ?? 0;
    let calls = 0;
    const made = tasks({ fail: leadingTo[name]?.fail ?? {} });
    const usual = made[task as "IntakeLoad"];
    const { inputs, ...handlers } = made;
    const { status, path: states } = await execute(
      {
        ...handlers,
        [task]: (input) => (++calls > before ? Promise.reject(errorNamed("QueryError")) : usual(input)),
      },
      landed,
    );
    expect([status, ...states.slice(-3)]).toEqual(["FAILED", name, "SettleAsFailed", "Failed"]);
    expect(inputs["IntakeSettle"]?.[0]).toMatchObject({
      error: { Error: "QueryError", Cause: expect.stringContaining("what happened") as string },
      ...(name === "Receive" ? landed : { arrival }),
    });
  });

  it("ends the execution as failed if it can't even be settled", async () => {
    const { status, path: states } = await run(
      tasks({ fail: { IntakeSettle: { error: errorNamed("StorageError"), times: 100 } } }),
    );
    expect([status, states.at(-1)]).toEqual(["FAILED", "Settle"]);
  });
});

it("these tests take every way on from every state", () => {
  expect(coverage.untaken).toEqual([]);
});
