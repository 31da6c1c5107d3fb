/** Compares a month's files with control totals, which the source computes in another way and in the same snapshot. */
import type { Snapshot } from "../platform/database/connection";
import type { Row } from "../platform/database/row-stream";
import { DefinitionError, ReconciliationError } from "../platform/errors";
import { addMonths, firstDayOf, type Month } from "../platform/month";
import type { Statement } from "../platform/statement";
import { addTotals, type ExtractDefinition, isSameTotals, parseTotals, type Totals } from "./definition";
import type { BankFile } from "./month-files";

/** What the source says of a month. */
export interface MonthControls {
  readonly totals: Totals;
  /** By the names of the definition. */
  readonly quality: Readonly<Record<string, number>>;
}

export interface Controls {
  readonly months: ReadonlyMap<Month, MonthControls>;
  /** How many rows each bank's file must have, by bank id; undefined if the definition doesn't say. */
  readonly rowCounts: ReadonlyMap<number, number> | undefined;
}

/** The totals of a month by bank id; undefined is data of no bank. */
export type BankTotals = ReadonlyMap<number | undefined, Totals>;

/** Reads the control totals of all months asked for. */
export async function readControls(
  snapshot: Snapshot,
  definition: ExtractDefinition,
  months: readonly [Month, ...Month[]],
): Promise<Controls> {
  const { controls, quality, rowCounts } = definition.reconciliation;
  const last = months[months.length - 1] ?? months[0];
  const rows = await snapshot.query(controls, [firstDayOf(months[0]), firstDayOf(last)]);
  const counts = rowCounts === undefined ? undefined : await snapshot.query(rowCounts.statement);
  return {
    months: new Map(
      rows.map(([month, ...figures]) => [
        month as Month,
        {
          totals: totalsOf(definition, controls, figures),
          quality: Object.fromEntries(
            quality.map((name, index) => [name, Number(figures.at(index - quality.length))]),
          ),
        },
      ]),
    ),
    rowCounts: counts && new Map(counts.map(([bankId, count]) => [Number(bankId), Number(count)])),
  };
}

/** Reads what is needed to name the banks of a month that doesn't reconcile. */
export async function readBankTotals(
  snapshot: Snapshot,
  definition: ExtractDefinition,
  month: Month,
): Promise<BankTotals> {
  const { bankControls } = definition.reconciliation;
  const rows = await snapshot.query(bankControls, [firstDayOf(month)]);
  return new Map(
    rows.map(([bankId, ...figures]) => [
      bankId == null ? undefined : Number(bankId),
      totalsOf(definition, bankControls, figures),
    ]),
  );
}

/**
 * Compares all files of a month with its controls.
 *
 * @param readBanksTotals is called only if the totals differ.
 * @throws ReconciliationError that names every difference with its exact figures.
 */
export async function reconcile(
  definition: ExtractDefinition,
  month: Month,
  files: readonly BankFile[],
  { months, rowCounts }: Controls,
  readBanksTotals: () => Promise<BankTotals>,
): Promise<MonthControls> {
  const controls = months.get(month);
  if (controls === undefined) throw new RangeError(`the controls have no row for ${month}`);

  const { describe, source } = definition.reconciliation;
  const found = addTotals(
    definition,
    files.map(({ totals }) => totals),
  );
  const differences: string[] = [];
  if (!isSameTotals(definition, found, controls.totals)) {
    differences.push(...bankDifferences(definition, files, await readBanksTotals()));
    if (differences.length === 0) {
      differences.push(`the files have ${describe(found)}, ${source} ${describe(controls.totals)}`);
    }
  }
  if (rowCounts !== undefined) differences.push(...rowDifferences(definition, files, rowCounts));
  if (differences.length > 0) {
    throw new ReconciliationError(`${month} does not reconcile: ${differences.join("; ")}`, {
      hint: `Correct the data of ${windowOf(definition, month)} in the source, then run the month again; docs/runbook.md has queries that find it. Nothing of the month was published.`,
    });
  }
  return controls;
}

/** The months that a month's figures cover: `2026-07 to 2026-09`. */
function windowOf({ windowMonths }: ExtractDefinition, month: Month): string {
  return windowMonths === 1 ? month : `${addMonths(month, 1 - windowMonths)} to ${month}`;
}

function bankDifferences(
  definition: ExtractDefinition,
  files: readonly BankFile[],
  banks: BankTotals,
): string[] {
  const { describe, source } = definition.reconciliation;
  const nothing = addTotals(definition, []);
  const differences = files.flatMap(({ bank, totals }) => {
    const expected = banks.get(bank.id) ?? nothing;
    if (isSameTotals(definition, totals, expected)) return [];
    return [`${bank.name}: the file has ${describe(totals)}, ${source} ${describe(expected)}`];
  });
  const withoutBank = banks.get(undefined);
  if (withoutBank !== undefined && !isSameTotals(definition, withoutBank, nothing)) {
    differences.push(
      `without a bank: ${describe(withoutBank)}, because an account, client or branch is missing`,
    );
  }
  return differences;
}

function rowDifferences(
  { reconciliation }: ExtractDefinition,
  files: readonly BankFile[],
  rowCounts: ReadonlyMap<number, number>,
): string[] {
  const { rows = "rows", source = "" } = reconciliation.rowCounts ?? {};
  return files.flatMap(({ bank, rowCount }) => {
    const expected = rowCounts.get(bank.id) ?? 0;
    if (rowCount === expected) return [];
    return [`${bank.name}: the file has ${rowCount} ${rows}, ${source} ${expected}`];
  });
}

/**
 * The measures are the first columns behind the month or the bank.
 *
 * @throws DefinitionError if one is not a number of its column's type.
 */
function totalsOf(definition: ExtractDefinition, statement: Statement, figures: Row): Totals {
  const { measures } = definition.reconciliation;
  const entries = Object.fromEntries(measures.map(({ name }, index) => [name, figures[index] ?? "0"]));
  try {
    return parseTotals(definition, entries);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new DefinitionError(
      `${statement.name} doesn't return totals as the definition has them: ${cause.message}`,
      {
        hint: "Compare the types of the source's columns with docs/contract.md, section 1. Nothing was written.",
        cause,
      },
    );
  }
}
