/**
 * Runs a state machine as Step Functions would, with functions of this process as its tasks and without waiting between
 * attempts. It knows the part of the Amazon States Language that our definitions use, and refuses the rest.
 * Source: the Amazon States Language specification, and AWS Step Functions Developer Guide, "Handling errors".
 */
export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: "FULL";
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string;
  readonly Next: string;
}

interface TaskState {
  readonly Type: "Task";
  readonly Comment?: string;
  readonly Resource: string;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly TimeoutSeconds: number;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Next: string;
}

interface ChoiceState {
  readonly Type: "Choice";
  readonly Choices: readonly {
    readonly Variable: string;
    readonly StringEquals: string;
    readonly Next: string;
  }[];
  readonly Default: string;
}

export type StateDefinition =
  | TaskState
  | ChoiceState
  | { readonly Type: "Succeed" }
  | { readonly Type: "Fail"; readonly Error: string; readonly Cause: string };

export interface Definition {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, StateDefinition>>;
}

export type Json = Readonly<Record<string, unknown>>;

/** An execution that has ended. */
export interface Execution {
  readonly status: "SUCCEEDED" | "FAILED";
  readonly output: Json;
  /** The states in their order, a retried one once for each attempt. */
  readonly path: readonly string[];
  /** How long the execution would have waited between attempts, in seconds, without the jitter. */
  readonly waitedSeconds: number;
}

/** The most that Step Functions passes from state to state. Source: AWS Step Functions Developer Guide, "Quotas". */
const LARGEST_PAYLOAD_BYTES = 256 * 1024;

const known: Readonly<Record<StateDefinition["Type"], readonly string[]>> = {
  Task: ["Type", "Comment", "Resource", "Parameters", "TimeoutSeconds", "Retry", "Catch", "Next"],
  Choice: ["Type", "Choices", "Default"],
  Succeed: ["Type"],
  Fail: ["Type", "Error", "Cause"],
};

/** @param tasks by the resource's name: `IntakeLoad` for `${IntakeLoad}`. */
export async function execute(
  { StartAt, States: states }: Definition,
  tasks: Readonly<Record<string, (input: Json) => Promise<unknown>>>,
  input: Json,
): Promise<Execution> {
  const path: string[] = [];
  let waitedSeconds = 0;
  let [name, data] = [StartAt, input];

  const attempt = async (state: TaskState): Promise<Json> => {
    const task = tasks[/^\$\{(\w+)\}$/.exec(state.Resource)?.[1] ?? ""];
    if (task === undefined) throw new Error(`no task for ${state.Resource}`);
    const attempts = new Map<Retrier, number>();
    for (;;) {
      path.push(name);
      try {
        const given = state.Parameters === undefined ? data : filled(state.Parameters, data);
        return passed(await task(passed(given)));
      } catch (error) {
        const retrier = state.Retry?.find((each) => matches(each.ErrorEquals, error));
        const count = retrier === undefined ? 0 : (attempts.get(retrier) ?? 0);
        if (retrier === undefined || count >= (retrier.MaxAttempts ?? 3)) throw error;
        attempts.set(retrier, count + 1);
        waitedSeconds += delayOf(retrier, count);
      }
    }
  };

  for (;;) {
    const state = states[name];
    if (state === undefined) throw new Error(`no state ${name}`);
    const strange = Object.keys(state).find((field) => !known[state.Type].includes(field));
    if (strange !== undefined) throw new Error(`${name} has ${strange}, which this interpreter doesn't know`);
    if (state.Type === "Succeed" || state.Type === "Fail") {
      path.push(name);
      return { status: state.Type === "Succeed" ? "SUCCEEDED" : "FAILED", output: data, path, waitedSeconds };
    }
    if (state.Type === "Choice") {
      const choice = state.Choices.find((each) => valueAt(data, each.Variable) === each.StringEquals);
      name = choice?.Next ?? state.Default;
      continue;
    }
    try {
      data = await attempt(state);
      name = state.Next;
    } catch (error) {
      const catcher = state.Catch?.find((each) => matches(each.ErrorEquals, error));
      if (catcher === undefined) return { status: "FAILED", output: data, path, waitedSeconds };
      data = { ...data, [catcher.ResultPath.replace(/^\$\./, "")]: describe(error) };
      name = catcher.Next;
    }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "Lambda.Unknown";
}

function matches(names: readonly string[], error: unknown): boolean {
  return names.includes("States.ALL") || names.includes(nameOf(error));
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

function valueAt(data: Json, path: string): unknown {
  return path
    .replace(/^\$\./, "")
    .split(".")
    .reduce<unknown>((value, part) => (value as Json | undefined)?.[part], data);
}

function filled(parameters: Readonly<Record<string, unknown>>, data: Json): Json {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) =>
      name.endsWith(".$") ? [name.slice(0, -2), valueAt(data, String(value))] : [name, value],
    ),
  );
}

/** Only JSON of a limited size passes from state to state. */
function passed(value: unknown): Json {
  const json = JSON.stringify(value);
  if (Buffer.byteLength(json) > LARGEST_PAYLOAD_BYTES) throw new Error("States.DataLimitExceeded");
  return JSON.parse(json) as Json;
}
