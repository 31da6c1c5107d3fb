/** Why a run leaves a month as it is published: it was withdrawn, or it would change. */
import { AlreadyPublishedError } from "../platform/errors";
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Month } from "../platform/month";
import { differencesOf } from "../platform/publication/publication";
import { type ExtractDefinition, parseTotals, type Totals } from "./definition";
import type { FileComparison, MonthComparison } from "./changes";
import { compareMonth, type ComparedMonth } from "./month-comparison";
import type { Source } from "./source";
import type { BankFile } from "./month-files";
import { type Manifest, type ManifestFile, withdrawalOf } from "./month-manifest";

/** A month that was taken back on purpose is published again only on purpose. */
export function refuseWithdrawn(month: Month, manifest: Manifest | undefined): void {
  if (manifest?.state !== "withdrawn") return;
  throw new AlreadyPublishedError(withdrawalOf(manifest), {
    hint: `To publish the month again, restate it: {"month": "${month}", "restate": true}.`,
    onTerminal: `To publish the month again, restate it: --month ${month} --restate --reason "…".`,
  });
}

/** The month would change, and may not. */
export class WouldChangeError extends AlreadyPublishedError {
  /** What would change, row by row, once it is known. */
  changes: MonthComparison | undefined;

  constructor(readonly compared: ComparedMonth) {
    const { month } = compared;
    super(sentenceAbout(compared), {
      hint: `If the change is intended, restate the month: {"month": "${month}", "restate": true}.`,
      onTerminal: `If the change is intended, restate the month: --month ${month} --restate --reason "…".`,
    });
  }

  /** Adds what would change, also to the message. */
  explain(changes: MonthComparison): void {
    this.changes = changes;
    this.message = sentenceAbout(this.compared, changes);
    if (changes.files.every(({ form }) => form === "line ending")) {
      const before = this.compared.lineEnding === "\n" ? "crlf" : "lf";
      const setting = `The data is the same: set EXTRACT_LINE_ENDING to ${before}, as it was.`;
      this.hint = `${setting} ${this.hint}`;
      this.hintOnTerminal = `${setting} ${this.hintOnTerminal}`;
    }
  }
}

function sentenceAbout(compared: ComparedMonth, changes?: MonthComparison): string {
  const { definition, month, manifest, files } = compared;
  const { changed, dropped } = differencesOf<BankFile, ManifestFile>(files, manifest.files);
  const found = new Map(changes?.files.map((file) => [file.bankId, ` (${describeChanges(file)})`]));
  const differences = [
    ...changed.map(({ made, published }) => {
      const { id, name } = made.bank;
      const now = describeFile(definition, made.rowCount, made.totals);
      if (published === undefined) return `${name}: no file before, now ${now}`;
      const before = describeFile(definition, published.rowCount, parseTotals(definition, published));
      const what = found.get(id) ?? "";
      return before === now
        ? `${name}: ${before}, before and now${what}`
        : `${name}: published with ${before}, now ${now}${what}`;
    }),
    ...dropped.map(({ bankName, rowCount }) => `${bankName}: published with ${rowCount} rows, now no file`),
  ];
  return `${month} is published as revision ${manifest.revision} and would change: ${differences.join("; ")}`;
}

function describeFile({ reconciliation }: ExtractDefinition, rowCount: number, totals: Totals): string {
  return `${rowCount} rows, ${reconciliation.describe(totals)}`;
}

/** What differs in a file, in a few words: `2 rows changed, 5 rows changed only in the window`. */
export function describeChanges({ problem, rows, columns, order, form }: FileComparison): string {
  if (problem !== undefined) return problem;
  const parts = [
    ...Object.entries(kinds).map(
      ([kind, words]) => [rows?.[kind as keyof typeof kinds] ?? 0, words] as const,
    ),
  ].flatMap(([count, words]) => (count === 0 ? [] : [`${count} ${count === 1 ? "row" : "rows"} ${words}`]));
  if (columns !== undefined)
    parts.push(`columns ${columns.published.join()} published, ${columns.now.join()} now`);
  if (order === "differs") parts.push("the same rows in another order");
  if (order === "differs, as do the rows") parts.push("other rows, in another order");
  if (form === "line ending") parts.push("only the line ending: EXTRACT_LINE_ENDING was another");
  if (form === "quotes") parts.push("the same values, with other quotes");
  return parts.join(", ");
}

const kinds = {
  month: "changed",
  window: "changed only in the window",
  added: "added",
  removed: "removed",
} as const;

/** Adds to a refusal what would change; the month's rows are read a second time. If that fails, the refusal stays as it is. */
export async function explain(
  error: WouldChangeError,
  source: Pick<Source, "readAgain">,
  objects: ObjectStore,
): Promise<void> {
  try {
    const { compared } = error;
    error.explain(await compareMonth(compared, await source.readAgain(compared.month), objects));
  } catch {
    // A file that can't be read, for example, is not what the run failed for.
  }
}
