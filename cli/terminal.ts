/**
 * The output of a command: its result on standard output, everything else on standard error. On a terminal, one moving
 * line shows the current step; elsewhere, there are only whole lines. With `--json`, standard output has one document.
 */
import { styleText } from "node:util";

import type { Ora } from "ora";

import { duration } from "./wording";

export type Colour = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** Colours a text, or returns it unchanged. */
export type Paint = (colour: Colour, text: string) => string;

/** The stream that a text is for: either one may be a terminal. */
type Side = "stdout" | "stderr";

/** Colours a text if the stream shows colours or FORCE_COLOR is set; never if NO_COLOR is set. */
export function coloured(colour: Colour, text: string, side: Side = "stderr"): string {
  return styleText(colour, text, { stream: process[side] });
}

/** How much a command tells. */
export interface Manner {
  /** Standard output has one JSON document and nothing else. */
  readonly json: boolean;
  /** Standard error has only errors. */
  readonly quiet: boolean;
  /** Each line on standard error starts with the time; errors come with their causes. */
  readonly verbose: boolean;
}

/** How often a long step writes a line where no line can move. */
const PLAIN_INTERVAL_MS = 10_000;

export class Terminal {
  readonly #startedAt = performance.now();
  readonly #isWatched = isWatched();
  #manner: Manner = { json: false, quiet: false, verbose: false };
  #document: unknown;
  #spinner: Ora | undefined;
  #lastLineAt = performance.now();

  /** Sets how much is told, before anything is. */
  behave(manner: Manner): void {
    this.#manner = manner;
  }

  get manner(): Manner {
    return this.#manner;
  }

  /** Writes a piece of the result. */
  print(text: string): void {
    process.stdout.write(text);
  }

  /** Writes a line of the result; with `--json`, where the document has it, the line only shows progress. */
  result(line: string, colour?: Colour): void {
    const isForMachines = this.#manner.json;
    const text = colour === undefined ? line : coloured(colour, line, isForMachines ? "stderr" : "stdout");
    if (isForMachines) this.say(text);
    else this.print(`${text}\n`);
  }

  /** Writes the whole result, for a person or with `--json` for a machine. */
  printResult(document: unknown, text: string): void {
    this.printJson(document);
    this.printUnlessJson(text);
  }

  /** Writes a piece of the result for a person; with `--json`, the document has it. */
  printUnlessJson(text: string): void {
    if (this.#manner.json) return;
    this.rest();
    this.print(text);
  }

  /** Keeps the result for machines; {@link finish} writes it. */
  printJson(document: unknown): void {
    this.#document = document;
  }

  /** Writes the document of `--json`: the command's result, if it has one, and how it failed, if it did. */
  finish(error?: Readonly<Record<string, unknown>>): void {
    if (!this.#manner.json) return;
    const result = this.#document;
    if (error === undefined) {
      if (result !== undefined) this.print(`${JSON.stringify(result)}\n`);
    } else {
      this.print(`${JSON.stringify({ ...(result as object | undefined), error })}\n`);
    }
    this.#document = undefined;
  }

  /** Writes a line that stays. */
  say(line: string): void {
    if (this.#manner.quiet) return;
    this.#lastLineAt = performance.now();
    process.stderr.write(`${this.#manner.verbose ? `${this.#elapsed()}  ` : ""}${line}\n`);
  }

  /** Writes a line of an error, however quiet the command is. */
  complain(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Writes the command's last line: what was done, how much of it, and how long it took. */
  sumUp(what: string): void {
    this.rest();
    this.say(coloured("bold", `${what}, in ${duration(performance.now() - this.#startedAt)}`));
  }

  /** Shows a step as the current one, until the next step or {@link rest}. */
  async begin(step: string): Promise<void> {
    if (!this.#isWatched || this.#manner.quiet) return;
    if (this.#spinner === undefined) {
      const { default: ora } = await import("ora");
      this.#spinner = ora({
        stream: process.stderr,
        // ora ignores NO_COLOR.
        color: coloured("cyan", "") === "" ? false : "cyan",
        // Otherwise ora handles standard input itself, and Ctrl-C raises no signal.
        discardStdin: false,
        suffixText: () => this.#elapsed(),
      });
    }
    this.#spinner.start(step);
  }

  /** Updates the moving line; where there is none, writes a line now and then, for a log. */
  progress(text: string): void {
    if (this.#spinner?.isSpinning === true) {
      this.#spinner.text = text;
    } else if (performance.now() - this.#lastLineAt > PLAIN_INTERVAL_MS) {
      this.say(this.#manner.verbose ? text : `${text}  ${this.#elapsed()}`);
    }
  }

  /** Removes the moving line. */
  rest(): void {
    this.#spinner?.stop();
  }

  #elapsed(): string {
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000);
    return coloured("dim", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  }
}

/** Whether a line can move. Some terminals without a window report no columns, so a line can't move in them. */
function isWatched(): boolean {
  const { isTTY, columns } = process.stderr;
  return isTTY && columns > 0 && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined;
}
