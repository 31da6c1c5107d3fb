/** A function of an unpacked package that stays warm, in a process of its own. */
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import path from "node:path";

interface Answer {
  readonly id: string;
  readonly result?: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
}

export class FunctionHost {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  #log = "";

  /**
   * @param handler such as `src/extract/backfill/lambda.plan`; its calls count as those of its function.
   * @param service the first part of the function's name.
   */
  constructor(task: string, handler: string, service: string, environment: Readonly<Record<string, string>>) {
    const name = handler.split(".").at(-1) ?? "";
    this.#child = fork(
      path.join(__dirname, "function-process.cjs"),
      [task, handler, `${service}-prod-${name}`],
      {
        cwd: task,
        env: { ...environment, AWS_SDK_UA_APP_ID: name },
        execArgv: [],
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    }
    this.#child.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** @throws an error with the name and the message that Step Functions would get. */
  async invoke(event: unknown): Promise<unknown> {
    const id = randomUUID();
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, event });
    const ended = once(this.#child, "exit").then((): Answer => {
      throw new Error(`the function has ended: ${this.#log}`);
    });
    const { result, error } = await Promise.race([answered, ended]);
    if (error === undefined) return result;
    throw Object.assign(new Error(error.errorMessage), { name: error.errorType });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill();
    await once(this.#child, "exit");
  }
}
