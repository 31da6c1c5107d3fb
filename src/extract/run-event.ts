/** What a run tells while it goes on, for logs and terminals, and how far it came where its time was up. */
import type { Month } from "../platform/month";
import type { Outcome } from "./publication";

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
}

export interface MonthSummary {
  readonly month: Month;
  readonly status: Outcome;
  readonly revision: number;
  /** The manifest's key. */
  readonly manifest: string;
  readonly files: readonly FileSummary[];
}

/** Follows a run's events, to say afterwards where it stood. */
export class Progress {
  #last: RunEvent | undefined;
  /** By bank, in the order in which they were begun: what hangs is the first of them. */
  readonly #unfinished = new Map<string, RunEvent>();

  observe(event: RunEvent): void {
    this.#last = event;
    if (event.step === "reading") this.#unfinished.set(event.bank, event);
    if (event.step === "staged" || event.step === "compared") this.#unfinished.delete(event.bank);
  }

  /** To be put behind "it came". */
  describe(): string {
    const [event] = [...this.#unfinished.values(), this.#last];
    switch (event?.step) {
      case undefined:
        return "to the database's door and not in";
      case "connected":
        return "as far as the database's computing";
      case "reading":
        return `to row ${event.rowCount} of ${event.bank}, ${event.month}`;
      case "staged":
      case "compared":
        return `to the end of ${event.bank}, ${event.month}, which was not published`;
      case "reconciled":
        return `to publishing ${event.month}, which the next run finishes`;
      case "done":
        return `to the end of ${event.month}`;
    }
  }
}
