/** Proves the files against the source: what they hold is what the table `loans` holds. */
import type { Tally } from "./csv-file";
import type { Snapshot } from "../platform/database/database";
import type { ExtractDefinition, LoanTotals } from "./definition";
import { ReconciliationError } from "../platform/errors";
import { firstDayOf, type Month } from "../platform/month";
import type { Bank } from "./object-key";
import { readStatement } from "../platform/statement";

/** What the source says of a month, by a way that has nothing in common with the extract's. */
export interface MonthControls extends LoanTotals {
  readonly quality: Quality;
}

/** What is odd about the source's loans without being an error. */
export interface Quality {
  /** Loans of the month whose amount is NULL: counted as loans, left out of totals and averages. */
  readonly loansWithoutAmount: number;
  /** Loans of the month whose amount is negative: counted and added like others. */
  readonly loansWithNegativeAmount: number;
  /** Loans of the whole table without a date: they belong to no month. */
  readonly loansWithoutDate: number;
}

export interface Controls {
  readonly months: ReadonlyMap<Month, MonthControls>;
  /** How many branches each bank has, by bank id. */
  readonly branchCounts: ReadonlyMap<number, number>;
}

/** Where a month's loans belong, by bank id; undefined stands for no bank. */
export type BankTotals = ReadonlyMap<number | undefined, LoanTotals>;

const NOTHING: LoanTotals = { loanCount: 0n, loanTotal: 0n };

/** Reads the controls of all months in the snapshot in which the rows are read. */
export async function readControls(
  snapshot: Snapshot,
  months: readonly [Month, ...Month[]],
): Promise<Controls> {
  const last = months[months.length - 1] ?? months[0];
  const loans = await snapshot.query(readStatement("extract/loan_controls.sql"), [
    firstDayOf(months[0]),
    firstDayOf(last),
  ]);
  const branches = await snapshot.query(readStatement("extract/branch_controls.sql"));
  const [undated] = await snapshot.query(readStatement("extract/undated_loans.sql"));

  const monthControls = months.map((month): [Month, MonthControls] => {
    const [, loanCount, loanTotal, withoutAmount, negative] =
      loans.find(([rowMonth]) => rowMonth === month) ?? [];
    const quality = {
      loansWithoutAmount: Number(withoutAmount ?? 0),
      loansWithNegativeAmount: Number(negative ?? 0),
      loansWithoutDate: Number(undated?.[0] ?? 0),
    };
    return [month, { loanCount: BigInt(loanCount ?? 0), loanTotal: BigInt(loanTotal ?? 0), quality }];
  });
  return {
    months: new Map(monthControls),
    branchCounts: new Map(branches.map(([bankId, count]) => [Number(bankId), Number(count)])),
  };
}

/** Reads what it takes to say why a month does not add up. */
export async function readBankTotals(snapshot: Snapshot, month: Month): Promise<BankTotals> {
  const rows = await snapshot.query(readStatement("extract/bank_totals.sql"), [firstDayOf(month)]);
  return new Map(
    rows.map(([bankId, loanCount, loanTotal]) => [
      bankId == null ? undefined : Number(bankId),
      { loanCount: BigInt(loanCount ?? 0), loanTotal: BigInt(loanTotal ?? 0) },
    ]),
  );
}

interface CountedFile {
  readonly bank: Bank;
  readonly tally: Tally;
}

/**
 * Compares the month's files, all of them, with the controls.
 *
 * @param askBanks is called only if the loans differ, for the banks in which they do.
 * @throws ReconciliationError that names every difference, exactly.
 */
export async function reconcile(
  { everyBranch }: ExtractDefinition,
  month: Month,
  files: readonly CountedFile[],
  { months, branchCounts }: Controls,
  askBanks: () => Promise<BankTotals>,
): Promise<MonthControls> {
  const controls = months.get(month);
  if (controls === undefined) throw new RangeError(`no controls were read for ${month}`);

  const held = sumOf(files.map(({ tally }) => tally));
  const differences = isSame(held, controls) ? [] : loanDifferences(files, await askBanks());
  if (!isSame(held, controls) && differences.length === 0) {
    differences.push(`the files hold ${told(held)}, the table loans ${told(controls)}`);
  }
  if (everyBranch === true) differences.push(...branchDifferences(files, branchCounts));
  if (differences.length > 0) {
    throw new ReconciliationError(`${month} does not add up: ${differences.join("; ")}`, {
      hint: `Correct the loans of ${month} in the source, then run the month again; docs/runbook.md finds them. Nothing of it was published.`,
    });
  }
  return controls;
}

function loanDifferences(files: readonly CountedFile[], banks: BankTotals): string[] {
  const withoutBank = banks.get(undefined) ?? NOTHING;
  const differences = files.flatMap(({ bank, tally }) => {
    const expected = banks.get(bank.id) ?? NOTHING;
    if (isSame(tally, expected)) return [];
    return [`${bank.name}: the file holds ${told(tally)}, the table loans ${told(expected)}`];
  });
  if (withoutBank.loanCount > 0n) {
    differences.push(`${told(withoutBank)} are of no bank: their account, client or branch is missing`);
  }
  return differences;
}

function branchDifferences(
  files: readonly CountedFile[],
  branchCounts: ReadonlyMap<number, number>,
): string[] {
  return files.flatMap(({ bank, tally }) => {
    const branchCount = branchCounts.get(bank.id) ?? 0;
    if (tally.rowCount === branchCount) return [];
    return [`${bank.name}: the file holds ${tally.rowCount} branches, the table branch ${branchCount}`];
  });
}

function sumOf(totals: readonly LoanTotals[]): LoanTotals {
  return {
    loanCount: totals.reduce((sum, { loanCount }) => sum + loanCount, 0n),
    loanTotal: totals.reduce((sum, { loanTotal }) => sum + loanTotal, 0n),
  };
}

function isSame(one: LoanTotals, other: LoanTotals): boolean {
  return one.loanCount === other.loanCount && one.loanTotal === other.loanTotal;
}

function told({ loanCount, loanTotal }: LoanTotals): string {
  return `${String(loanCount)} ${loanCount === 1n ? "loan" : "loans"} of ${String(loanTotal)} in all`;
}
