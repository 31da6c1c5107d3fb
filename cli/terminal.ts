/**
 * The output of a command: its result on standard output, everything else on standard error. On a terminal, one moving
 * line shows the current step; elsewhere, there are only whole lines.
 */
import { styleText } from "node:util";

import type { Ora } from "ora";

export type Colour = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** The stream that a text is for: either one may be a terminal. */
type Side = "stdout" | "stderr";

/** Colours a text if the stream shows colours or FORCE_COLOR is set; never if NO_COLOR is set. */
export function coloured(colour: Colour, text: string, side: Side = "stderr"): string {
  return styleText(colour, text, { stream: process[side] });
}

/** How often a long step writes a line where no line can move. */
const PLAIN_INTERVAL_MS = 10_000;

export class Terminal {
  readonly #startedAt = performance.now();
  readonly #isWatched = isWatched();
  #spinner: Ora | undefined;
  #lastLineAt = performance.now();

  /** Writes a piece of the result. */
  print(text: string): void {
    process.stdout.write(text);
  }

  /** Writes a result for machines. */
  printJson(result: unknown): void {
    this.print(`${JSON.stringify(result)}\n`);
  }

  /** Writes a line that stays. */
  say(line: string): void {
    this.#lastLineAt = performance.now();
    process.stderr.write(`${line}\n`);
  }

  /** Shows a step as the current one, until the next step or {@link rest}. */
  async begin(step: string): Promise<void> {
    if (!this.#isWatched) return;
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
      this.say(`${text}  ${this.#elapsed()}`);
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

export function megabytes(byteCount: number): string {
  return `${(byteCount / 1e6).toFixed(1)} MB`;
}
