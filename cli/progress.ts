/** Shows the progress of a run: the current step with its speed, and a line for each step that is done. */
import type { RunEvent } from "../src/extract/events";
import { coloured, type Terminal } from "./terminal";
import { megabytes } from "./wording";

export class RunProgress {
  readonly #terminal: Terminal;
  #file: { readonly key: string; readonly startedAt: number } | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  observe(event: RunEvent): void {
    switch (event.step) {
      case "connected":
        this.#done(`connected to ${event.database} on ${event.host}`);
        this.#terminal.progress("waiting for the database");
        break;
      case "reading":
        this.#terminal.progress(this.#reading(event));
        break;
      case "staged":
      case "compared":
        this.#done(
          `${event.month}  ${event.step}  ${event.key}  ${event.rowCount} rows, ${event.byteCount} bytes`,
        );
        break;
      case "reconciled":
        this.#done(`${event.month}  reconciled with the control totals`);
        this.#terminal.progress(`${event.month}  publishing`);
        break;
      case "done":
        this.#done(
          `${event.month}  ${event.dryRun ? "would be " : ""}${event.status}, revision ${event.revision}  ${event.manifest}`,
          "green",
        );
        break;
    }
  }

  #done(line: string, colour?: "green"): void {
    this.#terminal.say(colour === undefined ? line : coloured(colour, line));
  }

  #reading({ month, bank, rowCount, byteCount }: Extract<RunEvent, { step: "reading" }>): string {
    const now = performance.now();
    const key = `${month} ${bank}`;
    if (this.#file?.key !== key) this.#file = { key, startedAt: now };
    const seconds = (now - this.#file.startedAt) / 1000;
    const rate = seconds > 0 ? `  ${megabytes(byteCount / seconds)}/s` : "";
    return `${month}  ${bank}  ${rowCount.toLocaleString("en")} rows  ${megabytes(byteCount)}${rate}`;
  }
}
