/** Things that an operator should look at, each with the command that mends it. */
import { monthsCommand } from "../src/extract/command";
import type { ExtractDefinition } from "../src/extract/definition";
import { addMonths, type Month } from "../src/platform/month";
import type { Overdue } from "./deliveries";

export interface Problem {
  readonly what: string;
  /** One per bank. */
  readonly details?: readonly string[];
  /** What to type in a terminal. */
  readonly command?: string;
}

/** The command that runs months: it publishes what is missing, and puts back what something else replaced. */
export function extractCommand({ name }: ExtractDefinition, from: Month, to: Month = from): string {
  return monthsCommand("extract", name, from, to);
}

/** The command that changes a published month on purpose. */
export function restateCommand(definition: ExtractDefinition, month: Month): string {
  return `${extractCommand(definition, month)} --restate --reason "…"`;
}

/** One problem for each run of missing months. @param months in order. */
export function missingMonths(definition: ExtractDefinition, months: readonly Month[]): Problem[] {
  return runsOf(months).map(({ from, to, count }) => ({
    what: count === 1 ? `${from} is not published.` : `${count} months, ${from} to ${to}, are not published.`,
    command: extractCommand(definition, from, to),
  }));
}

/** One problem for all deliveries that did not come; those that came late are there. */
export function missingDeliveries(overdue: readonly Overdue[]): Problem[] {
  const missing = overdue.filter(({ arrivedAt }) => arrivedAt === undefined);
  if (missing.length === 0) return [];
  const count = missing.reduce((sum, { days }) => sum + days, 0);
  return [
    {
      what: `${count === 1 ? "1 delivery is" : `${count} deliveries are`} missing. Ask the banks for them.`,
      details: missing.map(
        ({ bank, feed, day, lastDay, days }) =>
          `${bank} ${feed}: ${days === 1 ? day : `${day} to ${lastDay}`}`,
      ),
      command: "npx bank-batch status",
    },
  ];
}

/** Months that follow each other, together. @param months in order. */
export function runsOf(months: readonly Month[]): { from: Month; to: Month; count: number }[] {
  const runs: { from: Month; to: Month; count: number }[] = [];
  for (const month of months) {
    const run = runs.at(-1);
    if (run !== undefined && addMonths(run.to, 1) === month) {
      run.to = month;
      run.count += 1;
    } else {
      runs.push({ from: month, to: month, count: 1 });
    }
  }
  return runs;
}
