/** How a command ends: within a time limit, cleanly on Ctrl-C, with an error and a hint, and with an exit code. */
import { constants } from "node:os";

import { CommanderError } from "commander";

import { type Deadline, withDeadline } from "../src/platform/deadline";
import { BatchError } from "../src/platform/errors";
import { coloured, type Terminal } from "./terminal";

const WRONG_INPUT = 64;
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
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_INPUT;
    const failure: unknown = this.signal.aborted ? this.signal.reason : error;
    if (!(failure instanceof BatchError)) {
      const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      this.terminal.say(`${coloured("red", "Error:")} ${text}`);
      this.terminal.say(
        `${coloured("cyan", "Try:")}   This is a bug in the program. Please report it with the lines above.`,
      );
      return 1;
    }
    const { message, done, exitCode } = failure;
    this.terminal.say(
      failure instanceof Stopped
        ? `${coloured("yellow", "Stopped")} ${message}`
        : `${coloured("red", "Error:")} ${message}`,
    );
    if (done.length > 0) {
      this.terminal.say(
        `${coloured("green", "Done:")}  ${done.join(", ")} (finished earlier in this run, and kept)`,
      );
    }
    if (!(failure instanceof Stopped))
      this.terminal.say(`${coloured("cyan", "Try:")}   ${failure.advice(RUN_AGAIN)}`);
    return exitCode;
  }
}
