/**
 * How a command talks: its result alone on standard output, everything else on standard error. On a terminal one line
 * says what it is doing at this moment; elsewhere there are whole lines and nothing that moves.
 */
import { styleText } from "node:util";

import type { Ora } from "ora";

export type Colour = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** On which of the two streams a text will stand: each may be a terminal or not. */
type Side = "stdout" | "stderr";

/** Coloured where the stream shows colours, or where FORCE_COLOR says so; never with NO_COLOR. */
export function coloured(colour: Colour, text: string, side: Side = "stderr"): string {
  return styleText(colour, text, { stream: process[side] });
}

/** How often a line is written while a long step goes on and nobody watches. */
const PLAIN_INTERVAL_MS = 10_000;

export class Terminal {
  readonly #startedAt = performance.now();
  readonly #isWatched = isWatched();
  #spinner: Ora | undefined;
  #told = performance.now();

  /** A piece of the result. */
  print(text: string): void {
    process.stdout.write(text);
  }

  /** A result for machines. */
  printJson(result: unknown): void {
    this.print(`${JSON.stringify(result)}\n`);
  }

  /** A line that stays. */
  say(line: string): void {
    this.#told = performance.now();
    process.stderr.write(`${line}\n`);
  }

  /** What is being done from now on, until something else is or {@link rest} is called. */
  async begin(doing: string): Promise<void> {
    if (!this.#isWatched) return;
    if (this.#spinner === undefined) {
      const { default: ora } = await import("ora");
      this.#spinner = ora({
        stream: process.stderr,
        // It does not know NO_COLOR.
        color: coloured("cyan", "") === "" ? false : "cyan",
        // Its own way with standard input would keep Ctrl-C from becoming a signal.
        discardStdin: false,
        suffixText: () => this.#elapsed(),
      });
    }
    this.#spinner.start(doing);
  }

  /** How far it is: the moving line's new text, or now and then a line for who reads a log. */
  progress(text: string): void {
    if (this.#spinner?.isSpinning === true) {
      this.#spinner.text = text;
    } else if (performance.now() - this.#told > PLAIN_INTERVAL_MS) {
      this.say(`${text}  ${this.#elapsed()}`);
    }
  }

  /** Nothing moves any more. */
  rest(): void {
    this.#spinner?.stop();
  }

  #elapsed(): string {
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000);
    return coloured("dim", `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  }
}

/** Whether a line can move there. A terminal that says it has no columns, as some without a window do, has none to move in. */
function isWatched(): boolean {
  const { isTTY, columns } = process.stderr;
  return isTTY && columns > 0 && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined;
}

export function megabytes(byteCount: number): string {
  return `${(byteCount / 1e6).toFixed(1)} MB`;
}
