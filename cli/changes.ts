/** What would change in a published month, as text: each file that differs, then the largest changes of its rows. */
import type { BankRowChange, MonthComparison } from "../src/extract/changes";
import { monthsCommand } from "../src/extract/command";
import type { Summary } from "../src/extract/extract";
import { describeChanges } from "../src/extract/refusal";
import type { Month } from "../src/platform/month";

/** As lines, the first without indentation. */
export function changesOf(month: Month, { revision, files, largest }: MonthComparison): string[] {
  return [
    `${month}  revision ${revision} would change:`,
    ...files.map((file) => `  ${file.bankName}: ${describeChanges(file)}`),
    ...section("The largest changes of the month itself:", largest.month),
    ...section("The largest changes that come from earlier months of the window alone:", largest.window),
  ];
}

/** What a restatement leaves to be done: the later months whose windows contain a restated one. */
export function laterLines({ extract, laterMonths = [], dryRun }: Summary): string[] {
  const [first, last] = [laterMonths[0], laterMonths.at(-1)];
  if (first === undefined || last === undefined) return [];
  const command = monthsCommand("extract", extract, first, last);
  const windows = laterMonths.length === 1 ? "The window of" : "The windows of";
  const contains = laterMonths.length === 1 ? "contains" : "contain";
  const restated = dryRun === true ? "a month that would be restated" : "a restated month";
  return [
    `${windows} ${laterMonths.join(" and ")} ${contains} ${restated}. What changes there, and how to restate it:`,
    `  ${command} --diff`,
    `  ${command} --restate --reason "…"`,
  ];
}

function section(title: string, changes: readonly BankRowChange[]): string[] {
  return changes.length === 0 ? [] : [`  ${title}`, ...changes.map((change) => `    ${lineOf(change)}`)];
}

function lineOf({ bankName, kind, key, columns }: BankRowChange): string {
  const row = Object.entries(key).map(([name, value]) => `${name} ${value ?? "(empty)"}`);
  const figures = columns.map(({ column, published, now }) => {
    if (kind === "added") return `${column} ${show(now)}`;
    return kind === "removed"
      ? `${column} ${show(published)}`
      : `${column} ${show(published)} → ${show(now)}`;
  });
  const what = kind === "added" || kind === "removed" ? `${kind}: ` : "";
  return `${bankName}, ${row.join(", ")}: ${what}${figures.join(", ")}`;
}

/** A field: no value and an empty text can be told apart. */
function show(field: string | null): string {
  if (field === null) return "(empty)";
  return /^-?[\d.:-]+$/.test(field) ? field : JSON.stringify(field);
}
