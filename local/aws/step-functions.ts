// The local Step Functions (JSON 1.0): it starts executions, keeps them and their events, and answers questions about
// them. Who creates a state machine may say what runs its executions; otherwise they run until somebody ends them.
// Source of the behaviour: AWS Step Functions API Reference, "StartExecution" and those of the other operations.
import { AwsError, type Call, type Operation, type Reply, type Service } from "./exchange";
import { receiveText } from "./payload";

export interface StartedExecution {
  readonly stateMachineArn: string;
  readonly name: string;
  /** As JSON. */
  readonly input: string;
}

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** Runs an execution to its end. `exited` is called with each state that has ended and its output. */
export type Runner = (
  input: unknown,
  exited: (state: string, output: unknown) => void,
) => Promise<{ readonly status: Exclude<ExecutionStatus, "RUNNING">; readonly output?: unknown }>;

interface Execution extends StartedExecution {
  status: ExecutionStatus;
  output?: string;
  readonly startDate: number;
  stopDate?: number;
  readonly events: { readonly name: string; readonly output: string; readonly timestamp: number }[];
}

interface Input {
  readonly stateMachineArn?: string;
  readonly executionArn?: string;
  readonly name?: string;
  readonly input?: string;
  readonly statusFilter?: string;
  readonly maxResults?: number;
  readonly reverseOrder?: boolean;
}

export class StepFunctions implements Service {
  readonly name = "states";
  readonly #executions: Execution[] = [];
  readonly #machines = new Map<string, Runner | undefined>();
  readonly #arnPrefix: string;

  constructor(region: string, account: string) {
    this.#arnPrefix = `arn:aws:states:${region}:${account}:`;
  }

  /** In the order in which they were started. */
  get executions(): readonly StartedExecution[] {
    return this.#executions.map(({ stateMachineArn, name, input }) => ({ stateMachineArn, name, input }));
  }

  /** Returns the state machine's ARN. */
  createStateMachine(name: string, runner?: Runner): string {
    const arn = `${this.#arnPrefix}stateMachine:${name}`;
    this.#machines.set(arn, runner);
    return arn;
  }

  /** From now on, the execution's name is taken, even for the same input. */
  end(name: string, status: Exclude<ExecutionStatus, "RUNNING"> = "SUCCEEDED"): void {
    for (const execution of this.#executions) if (execution.name === name) stop(execution, status);
  }

  recognise(call: Call): Operation {
    const name = call.headers["x-amz-target"]?.toString().replace("AWSStepFunctions.", "") ?? "";
    return {
      name,
      carryOut: async () => json(200, this.#answer(name, JSON.parse(await receiveText(call)) as Input)),
    };
  }

  refuse(error: AwsError): Reply {
    return json(error.status, { __type: error.code, message: error.message }, error.headers);
  }

  #answer(operation: string, input: Input): object {
    switch (operation) {
      case "StartExecution":
        return this.#start(input);
      case "ListStateMachines":
        return {
          stateMachines: [...this.#machines.keys()].map((stateMachineArn) => ({
            ...{ stateMachineArn, name: nameIn(stateMachineArn), type: "STANDARD", creationDate: 0 },
          })),
        };
      case "ListExecutions":
        return { executions: this.#list(input).map(described) };
      case "DescribeExecution": {
        const { input: given, output, ...rest } = this.#named(input);
        return {
          ...described({ ...rest, input: given }),
          input: given,
          ...(output !== undefined && { output }),
        };
      }
      case "GetExecutionHistory":
        return { events: this.#history(input) };
      default:
        throw refused("UnknownOperationException", `Not served: ${operation}`);
    }
  }

  #start({ stateMachineArn = "", name = "", input = "{}" }: Input): object {
    if (!this.#machines.has(stateMachineArn)) throw refused("StateMachineDoesNotExist", stateMachineArn);
    if (!/^[\w-]{1,80}$/.test(name)) throw refused("InvalidName", name);
    const before = this.#executions.find(
      (one) => one.stateMachineArn === stateMachineArn && one.name === name,
    );
    // The same name and input start nothing twice while the execution runs; afterwards the name is taken for 90 days.
    if (before !== undefined && (before.input !== input || before.status !== "RUNNING")) {
      throw refused("ExecutionAlreadyExists", `Execution Already Exists: '${name}'`);
    }
    if (before === undefined) this.#begin({ stateMachineArn, name, input });
    return { executionArn: arnOf({ stateMachineArn, name }), startDate: Date.now() / 1000 };
  }

  #begin(started: StartedExecution): void {
    const execution: Execution = { ...started, status: "RUNNING", startDate: Date.now() / 1000, events: [] };
    this.#executions.push(execution);
    const runner = this.#machines.get(started.stateMachineArn);
    if (runner === undefined) return;
    const exited = (name: string, output: unknown) => {
      execution.events.push({ name, output: JSON.stringify(output), timestamp: Date.now() / 1000 });
    };
    runner(JSON.parse(started.input), exited).then(
      ({ status, output }) => {
        stop(execution, status, JSON.stringify(output));
      },
      () => {
        stop(execution, "FAILED");
      },
    );
  }

  #list({ stateMachineArn, statusFilter, maxResults = 100 }: Input): Execution[] {
    return this.#executions
      .filter((one) => one.stateMachineArn === stateMachineArn && (statusFilter ?? one.status) === one.status)
      .reverse()
      .slice(0, maxResults);
  }

  #named({ executionArn }: Input): Execution {
    const found = this.#executions.find((one) => arnOf(one) === executionArn);
    if (found === undefined) throw refused("ExecutionDoesNotExist", executionArn ?? "");
    return found;
  }

  #history(input: Input): object[] {
    const events = this.#named(input).events.map(({ name, output, timestamp }, index) => ({
      ...{ id: index + 1, timestamp, type: "TaskStateExited" },
      stateExitedEventDetails: { name, output },
    }));
    return input.reverseOrder === true ? events.reverse() : events;
  }
}

function stop(execution: Execution, status: ExecutionStatus, output?: string): void {
  execution.status = status;
  execution.stopDate = Date.now() / 1000;
  // Only a success has an output.
  if (status === "SUCCEEDED" && output !== undefined) execution.output = output;
}

function described(execution: Omit<Execution, "output">): object {
  const { stateMachineArn, name, status, startDate, stopDate } = execution;
  return {
    ...{ executionArn: arnOf(execution), stateMachineArn, name, status, startDate },
    ...(stopDate !== undefined && { stopDate }),
  };
}

function arnOf({ stateMachineArn, name }: Pick<StartedExecution, "stateMachineArn" | "name">): string {
  return `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
}

function nameIn(arn: string): string {
  return arn.split(":").at(-1) ?? "";
}

function json(status: number, content: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.0", ...headers },
    body: JSON.stringify(content),
  };
}

function refused(code: string, message: string): AwsError {
  return new AwsError(400, code, message);
}
