/**
 * Runs a state machine as Step Functions would, with functions of this process as its tasks and without waiting between
 * attempts. It knows the part of the Amazon States Language that our definitions use, and refuses the rest.
 * Source: the Amazon States Language specification, and AWS Step Functions Developer Guide, "Handling errors".
 */
import { eachAtOnce } from "../../src/platform/parallel";
import {
  allPaths,
  catchPath,
  type Definition,
  type Machine,
  type MapState,
  onward,
  resourceOf,
  type Retrier,
  retryPath,
  type StateDefinition,
  type TaskState,
} from "./asl";

export type Json = Readonly<Record<string, unknown>>;

export type Tasks = Readonly<Record<string, (input: Json) => Promise<unknown>>>;

/** An execution that has ended. */
export interface Execution {
  readonly status: "SUCCEEDED" | "FAILED";
  readonly output: Json;
  /** The states in their order, a retried one once for each attempt; those of a Map item by item. */
  readonly path: readonly string[];
  /** How long the execution would have waited between attempts, in seconds, without the jitter. */
  readonly waitedSeconds: number;
}

/** What happens in an execution, for those who watch it. */
export interface Observer {
  /** A way on that was taken, of those that `allPaths` lists. */
  readonly took?: (path: string) => void;
  /** A state has ended, with this output. */
  readonly exited?: (state: string, output: Json) => void;
}

/** The most that Step Functions passes from state to state. Source: AWS Step Functions Developer Guide, "Quotas". */
const LARGEST_PAYLOAD_BYTES = 256 * 1024;

/** The execution's ARN, as its context object has it. */
export const EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:machine:execution-1";

const onwardFields = ["Type", "Comment", "Next", "End", "ResultPath"];
const known: Readonly<Record<StateDefinition["Type"], readonly string[]>> = {
  Task: [...onwardFields, "Resource", "Parameters", "ResultSelector", "TimeoutSeconds", "Retry", "Catch"],
  Map: [...onwardFields, "ItemsPath", "ItemSelector", "MaxConcurrency", "ItemProcessor"],
  Pass: [...onwardFields, "Parameters"],
  Choice: ["Type", "Comment", "Choices", "Default"],
  Succeed: ["Type"],
  Fail: ["Type", "Error", "Cause"],
};

/** An error that ends an execution although a catcher for `States.ALL` is there. */
const UNCAUGHT = ["States.DataLimitExceeded", "States.Runtime"];

/** @param tasks by the resource's name: `IntakeLoad` for `${IntakeLoad}`. */
export async function execute(
  definition: Definition,
  tasks: Tasks,
  input: Json,
  observer: Observer = {},
): Promise<Execution> {
  const execution = new Running(tasks, observer);
  const { status, output } = await execution.run(definition, input, { Execution: { Id: EXECUTION } });
  return { status, output, path: execution.path, waitedSeconds: execution.waitedSeconds };
}

type Ended = Pick<Execution, "status" | "output">;

class Running {
  readonly path: string[] = [];
  waitedSeconds = 0;

  constructor(
    private readonly tasks: Tasks,
    private readonly observer: Observer,
  ) {}

  async run({ StartAt, States: states }: Machine, input: Json, context: Json): Promise<Ended> {
    let [name, data] = [StartAt, input];
    for (;;) {
      const state = states[name];
      if (state === undefined) throw new Error(`no state ${name}`);
      const strange = Object.keys(state).find((field) => !known[state.Type].includes(field));
      if (strange !== undefined)
        throw new Error(`${name} has ${strange}, which this interpreter doesn't know`);
      if (state.Type === "Succeed" || state.Type === "Fail") {
        this.path.push(name);
        return { status: state.Type === "Succeed" ? "SUCCEEDED" : "FAILED", output: data };
      }
      if (state.Type === "Choice") {
        const choice = state.Choices.find(
          (each) => valueAt(data, each.Variable, context) === each.StringEquals,
        );
        const next = choice?.Next ?? state.Default;
        this.#took(`${name} → ${next}`);
        name = next;
        continue;
      }
      try {
        const result = await this.#resultOf(name, state, data, context);
        data = passed(placed(result, state.ResultPath, data));
        this.#took(onward(name, state));
        this.observer.exited?.(name, data);
        if (state.Next === undefined) return { status: "SUCCEEDED", output: data };
        name = state.Next;
      } catch (error) {
        const caught = this.#caught(name, state, error);
        if (caught === undefined) {
          if (context["Map"] !== undefined) throw error;
          return { status: "FAILED", output: data };
        }
        data = passed(placed(describe(error), caught.ResultPath, data));
        this.observer.exited?.(name, data);
        name = caught.Next;
      }
    }
  }

  async #resultOf(
    name: string,
    state: Exclude<StateDefinition, { Type: "Succeed" | "Fail" | "Choice" }>,
    data: Json,
    context: Json,
  ): Promise<unknown> {
    if (state.Type === "Map") return this.#map(state, data, context);
    const given = state.Parameters === undefined ? data : filled(state.Parameters, data, context);
    if (state.Type === "Pass") return given;
    const result = await this.#attempts(name, state, given);
    return state.ResultSelector === undefined ? result : filled(state.ResultSelector, result, context);
  }

  #map({ ItemsPath, ItemSelector, MaxConcurrency, ItemProcessor }: MapState, data: Json, context: Json) {
    const items = valueAt(data, ItemsPath, context) as readonly Json[];
    return eachAtOnce(items, MaxConcurrency, async (Value) => {
      const inner = { ...context, Map: { Item: { Value } } };
      const given = ItemSelector === undefined ? Value : filled(ItemSelector, data, inner);
      return (await this.run(ItemProcessor, passed(given), inner)).output;
    });
  }

  async #attempts(name: string, state: TaskState, given: Json): Promise<Json> {
    const task = this.tasks[resourceOf(state)];
    if (task === undefined) throw new Error(`no task for ${state.Resource}`);
    const attempts = new Map<Retrier, number>();
    for (;;) {
      this.path.push(name);
      try {
        return passed(await task(passed(given)));
      } catch (error) {
        const retrier = state.Retry?.find((each) => matching(each.ErrorEquals, error) !== undefined);
        const count = retrier === undefined ? 0 : (attempts.get(retrier) ?? 0);
        if (retrier === undefined || count >= (retrier.MaxAttempts ?? 3)) throw error;
        this.#took(retryPath(name, matching(retrier.ErrorEquals, error) ?? ""));
        attempts.set(retrier, count + 1);
        this.waitedSeconds += delayOf(retrier, count);
      }
    }
  }

  #caught(name: string, state: StateDefinition, error: unknown) {
    const catchers = state.Type === "Task" ? (state.Catch ?? []) : [];
    const catcher = catchers.find((each) => matching(each.ErrorEquals, error) !== undefined);
    if (catcher !== undefined) this.#took(catchPath(name, matching(catcher.ErrorEquals, error) ?? ""));
    return catcher;
  }

  #took(path: string): void {
    this.observer.took?.(path);
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "Lambda.Unknown";
}

/** The name in a list that an error has or falls under. */
function matching(names: readonly string[], error: unknown): string | undefined {
  const name = nameOf(error);
  if (names.includes(name)) return name;
  return names.includes("States.ALL") && !UNCAUGHT.includes(name) ? "States.ALL" : undefined;
}

function delayOf({ IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds }: Retrier, count: number): number {
  return Math.min(IntervalSeconds * BackoffRate ** count, MaxDelaySeconds ?? Infinity);
}

/** An error that left a Lambda, as a catcher gets it. */
function describe(error: unknown): { Error: string; Cause: string } {
  const errorMessage = error instanceof Error ? error.message : String(error);
  return {
    Error: nameOf(error),
    Cause: JSON.stringify({ errorType: nameOf(error), errorMessage, trace: [] }),
  };
}

/** @param path of the state's data, `$.a.b`, or of the context object, `$$.a.b`. */
function valueAt(data: Json, path: string, context: Json): unknown {
  const [root, ...names] = path.split(".");
  return names.reduce<unknown>(
    (value, name) => (value as Json | undefined)?.[name],
    root === "$$" ? context : data,
  );
}

function filled(parameters: Readonly<Record<string, unknown>>, data: Json, context: Json): Json {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      if (!name.endsWith(".$")) return [name, value];
      const found = valueAt(data, String(value), context);
      if (found === undefined) throw failure("States.Runtime", `there is nothing at ${String(value)}`);
      return [name.slice(0, -2), found];
    }),
  );
}

/** The data with a result at its place. */
function placed(result: unknown, resultPath: string | undefined, data: Json): unknown {
  if (resultPath === undefined) return result;
  return { ...data, [resultPath.replace(/^\$\./, "")]: result };
}

/** Only JSON of a limited size passes from state to state. */
function passed(value: unknown): Json {
  const json = JSON.stringify(value);
  if (Buffer.byteLength(json) > LARGEST_PAYLOAD_BYTES)
    throw failure("States.DataLimitExceeded", `${json.length} characters are too many`);
  return JSON.parse(json) as Json;
}

/** An error as it leaves a Lambda: its name is its class, or that of Lambda's own error. */
export function errorNamed(name: string): Error {
  return failure(name, "what happened\nTry: something");
}

function failure(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** Watches executions, and knows which ways on none of them has taken. */
export class PathCoverage implements Observer {
  readonly #untaken: Set<string>;

  constructor(definition: Definition) {
    this.#untaken = new Set(allPaths(definition));
  }

  readonly took = (path: string): void => {
    this.#untaken.delete(path);
  };

  get untaken(): readonly string[] {
    return [...this.#untaken];
  }
}
