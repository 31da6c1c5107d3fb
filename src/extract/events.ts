/** What a run reports while it proceeds, for logs and terminals, and where it was when its time limit was reached. */
import type { MonthComparison } from "./changes";
import type { Month } from "../platform/month";
import type { Outcome } from "../platform/publication/publication";

export type RunEvent =
  | { readonly step: "connected"; readonly host: string; readonly database: string }
  | {
      readonly step: "reading";
      readonly month: Month;
      readonly bank: string;
      readonly rowCount: number;
      readonly byteCount: number;
    }
  | ({ readonly step: "staged" | "compared"; readonly month: Month; readonly bank: string } & FileSummary)
  | { readonly step: "reconciled"; readonly month: Month }
  | ({ readonly step: "done"; readonly dryRun: boolean } & MonthSummary);

export interface FileSummary {
  readonly key: string;
  readonly rowCount: number;
  readonly byteCount: number;
  /** The definition's measures, as the manifest states them: `{"loanCount": "3", "loanTotal": "600"}`. */
  readonly totals: Readonly<Record<string, string>>;
}

export interface MonthSummary {
  readonly month: Month;
  readonly status: Outcome;
  readonly revision: number;
  /** The manifest's key. */
  readonly manifest: string;
  readonly files: readonly FileSummary[];
  /** What would change, if `diff` was asked for and the month would be restated. */
  readonly changes?: MonthComparison;
  /** The sums over the files, like theirs. */
  readonly totals: Readonly<Record<string, string>>;
}

/** Follows a run's events, to say afterwards how far it got. */
export class Progress {
  #last: RunEvent | undefined;
  /** By bank, in the order in which the files were begun: if one hangs, it is the first. */
  readonly #unfinished = new Map<string, RunEvent>();

  observe(event: RunEvent): void {
    this.#last = event;
    if (event.step === "reading") this.#unfinished.set(event.bank, event);
    if (event.step === "staged" || event.step === "compared") this.#unfinished.delete(event.bank);
  }

  /** Completes a sentence such as "the time limit was reached". */
  describe(): string {
    const [event] = [...this.#unfinished.values(), this.#last];
    switch (event?.step) {
      case undefined:
        return "before the connection was open";
      case "connected":
        return "while the database was computing";
      case "reading":
        return `at row ${event.rowCount} of ${event.bank}, ${event.month}`;
      case "staged":
      case "compared":
        return `after ${event.bank}, ${event.month}, which was not published`;
      case "reconciled":
        return `while publishing ${event.month}, which the next run finishes`;
      case "done":
        return `after ${event.month}`;
    }
  }
}
