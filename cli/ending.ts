/** How a command ends: in time, by Ctrl-C in good order, by an error that says what to do, and by its exit code. */
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
  /** As shells have it. */
  override readonly exitCode: number;

  constructor(signal: Signal) {
    super(`by ${signal}, in good order: nothing is left behind`, {
      hint: "Run the same command again; it goes on from what is there.",
    });
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** What a command may be ended by, from outside. */
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
    // Who reads may go before the end: `… | head`.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  }

  /** Aborts when the command is to stop. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** No command runs for ever, whatever database and network do. */
  inTime<Result>(command: (deadline: Deadline) => Promise<Result>): Promise<Result> {
    return withDeadline(
      TIME_LIMIT_HOURS * HOUR_MS,
      "Ask for fewer months at once.",
      command,
      this.#stopped.signal,
    );
  }

  /** Tells a failure; its exit code. What failed after the command was told to stop failed because of that. */
  tell(error: unknown): number {
    this.terminal.rest();
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_INPUT;
    const failure: unknown = this.signal.aborted ? this.signal.reason : error;
    if (!(failure instanceof BatchError)) {
      const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      this.terminal.say(`${coloured("red", "Error:")} ${text}`);
      this.terminal.say(
        `${coloured("cyan", "Try:")}   this is a bug of the program; please report it with the lines above.`,
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
      this.terminal.say(`${coloured("green", "Done:")}  ${done.join(", ")} before it, and they stay so`);
    }
    if (!(failure instanceof Stopped))
      this.terminal.say(`${coloured("cyan", "Try:")}   ${failure.advice(RUN_AGAIN)}`);
    return exitCode;
  }
}
