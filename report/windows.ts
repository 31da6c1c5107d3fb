/** Windows that differ from the sum of their months, as happens when one of these months is restated later. */
import { addTotals, type ExtractDefinition, parseTotals } from "../src/extract/definition";
import { type LoanTotals, loanTotals } from "../src/extract/definitions/loan-reconciliation";
import type { Manifest } from "../src/extract/month-manifest";
import { addMonths, type Month, monthRange } from "../src/platform/month";
import type { BankWindow } from "./averages";
import { formatChange } from "./decimal";
import { type Problem, restateCommand } from "./problems";

/**
 * @param manifests those of the months, and of the months before them that are in their windows.
 * @param windowOf the window of a bank and month; undefined if its file was not read.
 */
export function staleWindows(
  definition: ExtractDefinition,
  months: readonly Month[],
  manifests: ReadonlyMap<Month, Manifest>,
  windowOf: (bankId: number, month: Month) => BankWindow | undefined,
): Problem[] {
  return months.flatMap((month) => {
    const { files = [] } = manifests.get(month) ?? {};
    const from = addMonths(month, 1 - definition.windowMonths);
    const parts = monthRange(from, month).map((each) => manifests.get(each));
    const stale = files.flatMap(({ bankId, bankName }) => {
      const window = windowOf(bankId, month);
      const now = totalsOf(definition, bankId, parts);
      if (window === undefined || now === undefined) return [];
      if (window.loanCount === now.loanCount && window.loanTotal === now.loanTotal) return [];
      return [`${bankName}: ${differences(window, now)}`];
    });
    if (stale.length === 0) return [];
    const what =
      `${month}: its averages do not match the loans in the files from ${from} to ${month}. ` +
      `An earlier month was restated later, or branches moved to another bank. Restate ${month} too.`;
    return [{ what, details: stale, command: restateCommand(definition, month) }];
  });
}

/** A bank's totals of these months together; undefined if one of them, or the bank's file in it, is missing. */
function totalsOf(
  definition: ExtractDefinition,
  bankId: number,
  months: readonly (Manifest | undefined)[],
): LoanTotals | undefined {
  const files = months.map((manifest) => manifest?.files.find((file) => file.bankId === bankId));
  const found = files.filter((file) => file !== undefined);
  if (found.length < files.length) return undefined;
  return loanTotals(
    addTotals(
      definition,
      found.map((file) => parseTotals(definition, file)),
    ),
  );
}

function differences(then: LoanTotals, now: LoanTotals): string {
  return [
    formatChange(then.loanCount, now.loanCount, "loans", "the same number of loans"),
    formatChange(then.loanTotal, now.loanTotal, "in total", "the same total"),
  ].join(", ");
}
