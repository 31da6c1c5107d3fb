/** Proves the files against the source: what they hold is what the table `loans` holds, bank by bank. */
import type { Tally } from "./csv-file";
import type { Snapshot } from "./database";
import { ReconciliationError } from "./errors";
import type { ExtractDefinition, LoanTotals } from "./definition";
import { firstDayOf, type Month } from "./month";
import type { Bank } from "./object-key";
import { readStatement } from "./statement";

/** What the source says of a month, by a way of its own. */
export interface MonthControls {
  /** By bank id; a bank without branches or loans is not in it. */
  readonly banks: ReadonlyMap<number, LoanTotals>;
  /** Loans of the month whose account, client, branch or bank is missing. */
  readonly withoutBank: LoanTotals;
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

const NOTHING: LoanTotals = { loanCount: 0n, loanTotal: 0n };

/** Reads the controls of all months in the snapshot in which the rows are read. */
export async function readControls(
  snapshot: Snapshot,
  months: readonly [Month, ...Month[]],
): Promise<Controls> {
  const last = months[months.length - 1] ?? months[0];
  const loans = await snapshot.query(readStatement("loan_controls.sql"), [
    firstDayOf(months[0]),
    firstDayOf(last),
  ]);
  const branches = await snapshot.query(readStatement("branch_controls.sql"));
  const [undated] = await snapshot.query(readStatement("undated_loans.sql"));

  const monthControls = months.map((month): [Month, MonthControls] => {
    const ofMonth = loans.filter(([rowMonth]) => rowMonth === month);
    const totals = ofMonth.map(([, bankId, loanCount, loanTotal]) => ({
      bankId: bankId === null || bankId === undefined ? undefined : Number(bankId),
      loanCount: BigInt(loanCount ?? 0),
      loanTotal: BigInt(loanTotal ?? 0),
    }));
    return [
      month,
      {
        banks: new Map(totals.flatMap((each) => (each.bankId === undefined ? [] : [[each.bankId, each]]))),
        withoutBank: totals.find(({ bankId }) => bankId === undefined) ?? NOTHING,
        quality: {
          loansWithoutAmount: ofMonth.reduce((sum, row) => sum + Number(row[4]), 0),
          loansWithNegativeAmount: ofMonth.reduce((sum, row) => sum + Number(row[5]), 0),
          loansWithoutDate: Number(undated?.[0] ?? 0),
        },
      },
    ];
  });
  return {
    months: new Map(monthControls),
    branchCounts: new Map(branches.map(([bankId, count]) => [Number(bankId), Number(count)])),
  };
}

/** @throws ReconciliationError that names every difference, exactly. */
export function reconcile(
  { oneRowPer }: ExtractDefinition,
  month: Month,
  files: readonly { readonly bank: Bank; readonly tally: Tally }[],
  { months, branchCounts }: Controls,
): MonthControls {
  const controls = months.get(month);
  if (controls === undefined) throw new RangeError(`no controls were read for ${month}`);

  const differences = files.flatMap(({ bank, tally }) => {
    const expected = controls.banks.get(bank.id) ?? NOTHING;
    const [rows, rowCount] =
      oneRowPer === "branch"
        ? ["branches, the table branch", branchCounts.get(bank.id) ?? 0]
        : ["single loans, the table loans", Number(expected.loanCount)];
    return [
      ...(tally.loanCount === expected.loanCount && tally.loanTotal === expected.loanTotal
        ? []
        : [`${bank.name}: the file holds ${told(tally)}, the table loans ${told(expected)}`]),
      ...(tally.rowCount === rowCount
        ? []
        : [`${bank.name}: the file holds ${tally.rowCount} ${rows} ${rowCount}`]),
    ];
  });
  if (controls.withoutBank.loanCount > 0n) {
    differences.push(
      `${told(controls.withoutBank)} are of no bank: their account, client or branch is missing`,
    );
  }
  if (differences.length > 0) {
    throw new ReconciliationError(`${month} does not add up: ${differences.join("; ")}`, {
      hint: `Correct the loans of ${month} in the source, then run the month again; docs/runbook.md finds them. Nothing of it was published.`,
    });
  }
  return controls;
}

function told({ loanCount, loanTotal }: LoanTotals): string {
  return `${String(loanCount)} ${loanCount === 1n ? "loan" : "loans"} of ${String(loanTotal)} in all`;
}
