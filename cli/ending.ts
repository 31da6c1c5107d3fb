/** How a command ends: within a time limit, cleanly on Ctrl-C, with an error and a hint, and with an exit code. */
import { constants } from "node:os";

import { type Deadline, withDeadline } from "../src/platform/deadline";
import { BatchError } from "../src/platform/errors";
import { runbookSection } from "./runbook";
import { coloured, type Terminal } from "./terminal";

const RUN_AGAIN = "Then run the same command again.";
const HOUR_MS = 3_600_000;
const TIME_LIMIT_HOURS = 6;

type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** The user, or the system, asked the command to stop. */
class Stopped extends BatchError {
  override readonly name = "Stopped";
  /** 128 and the signal's number, as in a shell. */
  override readonly exitCode: number;

  constructor(signal: Signal) {
    super(`by ${signal}`, {
      hint: "Run the same command again; it continues where this one stopped.",
    });
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** How a command failed, as `--json` has it under `error`. */
export interface Failure {
  /** The kind of error, as in docs/contract.md, section 7. */
  readonly name: string;
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
  /** Whether the same command may succeed later without any change. */
  readonly retry: boolean;
  readonly exitCode: number;
  /** The parts of the work that were finished before, and are kept. */
  readonly done: readonly string[];
  /** The section of the runbook about this kind of error, if it has one. */
  readonly documentation?: string;
}

/** Stops the command on a signal or when its time is up, and prints its error. */
export class Ending {
  readonly #stopped = new AbortController();

  constructor(private readonly terminal: Terminal) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (this.#stopped.signal.aborted) return;
        this.terminal.rest();
        this.terminal.say("\nStopping …");
        this.#stopped.abort(new Stopped(signal));
      });
    }
    // The reader of a pipe may close it early: `… | head`.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  }

  /** Aborts when the command should stop. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Runs a command under a time limit, so that no command runs for ever. */
  inTime<Result>(command: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    return withDeadline(
      TIME_LIMIT_HOURS * HOUR_MS,
      "Ask for fewer months at once.",
      command,
      this.#stopped.signal,
    );
  }

  /** Prints an error and returns the exit code. After a signal, any error is a consequence of stopping. */
  printError(error: unknown): number {
    this.terminal.rest();
    const cause: unknown = this.signal.aborted ? this.signal.reason : error;
    if (cause instanceof Stopped && error instanceof BatchError && cause !== error) cause.done = error.done;
    const failure = failureOf(cause);
    this.#complain(failure, cause);
    this.terminal.finish({ ...failure });
    return failure.exitCode;
  }

  #complain({ name, message, hint, done, documentation }: Failure, cause: unknown): void {
    const say = (label: string, colour: "green" | "cyan", text: string) => {
      this.terminal.complain(`${coloured(colour, `${label}:`)}${" ".repeat(6 - label.length)}${text}`);
    };
    const isStopped = cause instanceof Stopped;
    this.terminal.complain(
      isStopped ? `${coloured("yellow", "Stopped")} ${message}` : `${coloured("red", `${name}:`)} ${message}`,
    );
    if (this.terminal.manner.verbose) this.terminal.complain(coloured("dim", causesOf(cause)));
    if (done.length > 0) say("Done", "green", `${done.join(", ")} (finished earlier in this run, and kept)`);
    if (!isStopped) say("Try", "cyan", hint);
    if (documentation !== undefined) say("See", "cyan", documentation);
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof BatchError)) {
    return {
      name: "Error",
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      hint: "This is a bug in the program. Please report it with the lines above.",
      ...{ retry: false, exitCode: 1, done: [] },
    };
  }
  const { message, retry, exitCode, done } = error;
  const documentation = runbookSection(error.name);
  return {
    // The base class is for what has no name of its own.
    name: error.name === "BatchError" ? "Error" : error.name,
    ...{ message, hint: error.adviceOnTerminal(RUN_AGAIN), retry, exitCode, done },
    ...(documentation !== undefined && { documentation }),
  };
}

/** An error's stack and those of its causes, for a report about it. */
function causesOf(error: unknown): string {
  const stacks: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) stacks.push(each.stack ?? each.message);
  return stacks.join("\ncaused by ");
}
