/** Shows the progress of a run: the current step with its speed, a line for each step that is done, and each month's result. */
import { type ExtractDefinition, parseTotals } from "../src/extract/definition";
import { definitions, defaultExtract } from "../src/extract/definitions/index";
import type { MonthSummary, RunEvent } from "../src/extract/events";
import type { Steps } from "./steps";
import type { Terminal } from "./terminal";
import { count, megabytes, occurrences, tally } from "./wording";

export class RunProgress {
  readonly #terminal: Terminal;
  readonly #steps: Steps;
  readonly #definition: ExtractDefinition;
  #file: { readonly key: string; readonly startedAt: number } | undefined;

  /**
   * @param extract its name.
   * @param done gets each month when it is done.
   */
  constructor(
    terminal: Terminal,
    steps: Steps,
    extract: unknown,
    private readonly done: MonthSummary[],
  ) {
    this.#terminal = terminal;
    this.#steps = steps;
    this.#definition = definitions.find(({ name }) => name === extract) ?? defaultExtract;
  }

  observe(event: RunEvent): void {
    switch (event.step) {
      case "connected":
        this.#terminal.say(`connected to ${event.database} on ${event.host}`);
        this.#terminal.progress("waiting for the database");
        break;
      case "reading":
        this.#steps.start();
        this.#terminal.progress(this.#steps.where + this.#reading(event));
        break;
      case "staged":
      case "compared":
        this.#terminal.say(`${event.month}  ${event.step}  ${event.key}  ${this.#contents(event)}`);
        break;
      case "reconciled":
        this.#terminal.say(`${event.month}  reconciled with the control totals`);
        this.#terminal.progress(`${this.#steps.where}${event.month}  publishing`);
        break;
      case "done":
        this.#steps.next();
        this.done.push(summaryOf(event));
        this.#terminal.result(
          `${event.month}  ${event.dryRun ? "would be " : ""}${event.status}, revision ${event.revision}  ${event.manifest}  ${this.#monthOf(event)}`,
          "green",
        );
        break;
    }
  }

  /** What a run did, in one line. */
  sumUp(months: readonly MonthSummary[], isDryRun: boolean): string {
    const outcomes = tally(occurrences(months.map(({ status }) => status)));
    const all = this.#sum(months.flatMap(({ files }) => files));
    const what = `${isDryRun ? "dry run of " : ""}${count(months.length, "month")}: ${outcomes}`;
    return `${what}; ${all}`;
  }

  #monthOf({ files, totals }: MonthSummary): string {
    return `${this.#sum(files)}, ${this.#definition.reconciliation.describe(parseTotals(this.#definition, totals))}`;
  }

  #sum(files: MonthSummary["files"]): string {
    const rows = files.reduce((sum, { rowCount }) => sum + rowCount, 0);
    const bytes = files.reduce((sum, { byteCount }) => sum + byteCount, 0);
    return `${count(files.length, "file")}, ${count(rows, "row")}, ${count(bytes, "byte")}`;
  }

  #contents({ rowCount, byteCount, totals }: MonthSummary["files"][number]): string {
    const described = this.#definition.reconciliation.describe(parseTotals(this.#definition, totals));
    return `${count(rowCount, "row")}, ${count(byteCount, "byte")}, ${described}`;
  }

  #reading({ month, bank, rowCount, byteCount }: Extract<RunEvent, { step: "reading" }>): string {
    const now = performance.now();
    const key = `${month} ${bank}`;
    if (this.#file?.key !== key) this.#file = { key, startedAt: now };
    const seconds = (now - this.#file.startedAt) / 1000;
    const rate = seconds > 0 ? `  ${megabytes(byteCount / seconds)}/s` : "";
    return `${month}  ${bank}  ${count(rowCount, "row")}  ${megabytes(byteCount)}${rate}`;
  }
}

/** A month without what only its event has. */
function summaryOf({ month, status, revision, manifest, files, totals }: MonthSummary): MonthSummary {
  return { month, status, revision, manifest, files, totals };
}
