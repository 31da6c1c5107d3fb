/** What would change in a published month, in the words that an operator reads. */
import { changesOf, laterLines } from "../../../cli/changes";
import type { BankRowChange, FileComparison, MonthComparison } from "../../../src/extract/changes";
import type { Summary } from "../../../src/extract/extract";
import type { Month } from "../../../src/platform/month";

const month = "2026-09" as Month;
const bank = { bankId: 1, bankName: "First National" };
const rows = { month: 0, window: 0, added: 0, removed: 0 };

function linesOf(
  files: readonly FileComparison[],
  largest: Partial<MonthComparison["largest"]> = {},
): string[] {
  return changesOf(month, { revision: 2, files, largest: { month: [], window: [], ...largest } });
}

const change = (kind: BankRowChange["kind"], branch: string, columns: BankRowChange["columns"]) => ({
  ...bank,
  ...{ kind, key: { branch_id: branch }, columns },
});

it("names bank, branch and columns with old and new, and keeps month and window apart", () => {
  const ofMonth = [
    change("month", "1000", [
      { column: "loan_total", published: "500", now: "1500" },
      { column: "branch_address", published: null, now: "High Street" },
    ]),
    change("added", "1003", [{ column: "loan_total", published: null, now: "70" }]),
    change("removed", "1006", [{ column: "loan_total", published: "60", now: null }]),
  ];
  const ofWindow = [
    change("window", "1009", [{ column: "moving_average_3m", published: "5.50", now: "6.00" }]),
  ];
  expect(
    linesOf([{ ...bank, rows: { month: 1, window: 1, added: 1, removed: 1 } }], {
      month: ofMonth,
      window: ofWindow,
    }),
  ).toEqual([
    "2026-09  revision 2 would change:",
    "  First National: 1 row changed, 1 row changed only in the window, 1 row added, 1 row removed",
    "  The largest changes of the month itself:",
    '    First National, branch_id 1000: loan_total 500 → 1500, branch_address (empty) → "High Street"',
    "    First National, branch_id 1003: added: loan_total 70",
    "    First National, branch_id 1006: removed: loan_total 60",
    "  The largest changes that come from earlier months of the window alone:",
    "    First National, branch_id 1009: moving_average_3m 5.50 → 6.00",
  ]);
});

it.each<[string, Partial<FileComparison>, string]>([
  [
    "another line ending",
    { rows, form: "line ending" },
    "only the line ending: EXTRACT_LINE_ENDING was another",
  ],
  ["other quotes", { rows, form: "quotes" }, "the same values, with other quotes"],
  ["another order", { rows, order: "differs" }, "the same rows in another order"],
  ["other rows in another order", { rows, order: "differs, as do the rows" }, "other rows, in another order"],
  [
    "other columns",
    { rows: { ...rows, month: 2 }, columns: { published: ["a"], now: ["a", "b"] } },
    "2 rows changed, columns a published, a,b now",
  ],
  [
    "a file that is gone",
    { problem: "x.csv is gone: there is no version 7" },
    "x.csv is gone: there is no version 7",
  ],
])("names %s as such", (_, comparison, words) => {
  expect(linesOf([{ ...bank, ...comparison }])).toEqual([
    "2026-09  revision 2 would change:",
    `  First National: ${words}`,
  ]);
});

describe("after a restatement, the later months", () => {
  const summary = (later: readonly string[], more: Partial<Summary> = {}): Summary => ({
    ...{ runId: "run", extract: "loan_moving_average", months: [] },
    laterMonths: later as readonly Month[],
    ...more,
  });

  it("are named, with the commands that show and do what is left", () => {
    expect(laterLines(summary(["2026-10", "2026-11"]))).toEqual([
      "The windows of 2026-10 and 2026-11 contain a restated month. What changes there, and how to restate it:",
      "  npx bank-batch extract --from 2026-10 --to 2026-11 --diff",
      '  npx bank-batch extract --from 2026-10 --to 2026-11 --restate --reason "…"',
    ]);
  });

  it("of another extract are named with its flag, and those of a dry run as what would be", () => {
    expect(laterLines(summary(["2026-10"], { extract: "loan_detail", dryRun: true }))).toEqual([
      "The window of 2026-10 contains a month that would be restated. What changes there, and how to restate it:",
      "  npx bank-batch extract --extract loan_detail --month 2026-10 --diff",
      '  npx bank-batch extract --extract loan_detail --month 2026-10 --restate --reason "…"',
    ]);
  });

  it("are not mentioned if there are none", () => {
    expect(laterLines(summary([]))).toEqual([]);
  });
});
