// The local Step Functions (JSON 1.0): it starts executions and keeps them; nothing runs them here.
// Source of the behaviour: AWS Step Functions API Reference, "StartExecution".
import { AwsError, type Call, type Operation, type Reply, type Service } from "./exchange";
import { receiveText } from "./payload";

export interface StartedExecution {
  readonly stateMachineArn: string;
  readonly name: string;
  /** As JSON. */
  readonly input: string;
}

interface Input {
  readonly stateMachineArn?: string;
  readonly name?: string;
  readonly input?: string;
}

export class StepFunctions implements Service {
  readonly name = "states";
  /** In the order in which they were started. */
  readonly executions: StartedExecution[] = [];
  readonly #ended = new Set<string>();
  readonly #machines = new Set<string>();
  readonly #arnPrefix: string;

  constructor(region: string, account: string) {
    this.#arnPrefix = `arn:aws:states:${region}:${account}:`;
  }

  /** Returns the state machine's ARN. */
  createStateMachine(name: string): string {
    const arn = `${this.#arnPrefix}stateMachine:${name}`;
    this.#machines.add(arn);
    return arn;
  }

  /** From now on, the execution's name is taken, even for the same input. */
  end(name: string): void {
    this.#ended.add(name);
  }

  recognise(call: Call): Operation {
    const name = call.headers["x-amz-target"]?.toString().replace("AWSStepFunctions.", "") ?? "";
    return {
      name,
      carryOut: async () => {
        if (name !== "StartExecution") throw refused("UnknownOperationException", `Not served: ${name}`);
        return json(200, this.#start(JSON.parse(await receiveText(call)) as Input));
      },
    };
  }

  refuse(error: AwsError): Reply {
    return json(error.status, { __type: error.code, message: error.message }, error.headers);
  }

  #start({ stateMachineArn = "", name = "", input = "{}" }: Input): object {
    if (!this.#machines.has(stateMachineArn)) throw refused("StateMachineDoesNotExist", stateMachineArn);
    if (!/^[\w-]{1,80}$/.test(name)) throw refused("InvalidName", name);
    const running = this.executions.find(
      (one) => one.stateMachineArn === stateMachineArn && one.name === name,
    );
    // The same name and input start nothing twice while the execution runs; afterwards the name is taken for 90 days.
    if (running !== undefined && (running.input !== input || this.#ended.has(name))) {
      throw refused("ExecutionAlreadyExists", `Execution Already Exists: '${name}'`);
    }
    if (running === undefined) this.executions.push({ stateMachineArn, name, input });
    const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
    return { executionArn, startDate: Date.now() / 1000 };
  }
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
