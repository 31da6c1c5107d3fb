/** Which changes from month to month are remarkable. */
import type { BankFigures } from "../../../report/bank-figures";
import { missingMonths, runsOf } from "../../../report/problems";
import { remarksOf } from "../../../report/remarks";
import { defaultExtract } from "../../../src/extract/definitions";
import { addMonths, type Month } from "../../../src/platform/month";

const FIRST = "2025-01" as Month;

/** A bank whose amounts are these, month by month; null is a month without a figure. */
function bank(amounts: readonly (number | null)[], id: number | undefined): BankFigures {
  return {
    id,
    name: "Bank",
    points: amounts.map((amount, at) => ({
      month: addMonths(FIRST, at),
      amount: amount === null ? undefined : BigInt(amount),
      ...{ loans: undefined, average: undefined, windowLoanCount: undefined },
    })),
  };
}

const found = (amounts: readonly (number | null)[]) =>
  remarksOf([bank(amounts, 1)]).map(({ month, changePerMille }) => [month, changePerMille]);

it("a change far outside the usual ones is remarkable, and so is the change back", () => {
  expect(found([1000, 1020, 1000, 1030, 1010, 1020, 1000, 1180, 1010])).toEqual([
    ["2025-09", -144n],
    ["2025-08", 180n],
  ]);
});

it("the same change is usual for a bank whose figures always change as much", () => {
  expect(found([1000, 1180, 990, 1170, 1010, 1190, 1000, 1180, 1010])).toEqual([]);
});

it("a change of at most 5 % is never remarkable, however steady the figures are", () => {
  expect(found([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1050])).toEqual([]);
  expect(found([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1060])).toEqual([["2025-08", 60n]]);
});

it("with fewer than six changes, one above 15 % is remarkable", () => {
  expect(found([1000, 1150, 1000])).toEqual([]);
  expect(found([1000, 1160])).toEqual([["2025-02", 160n]]);
});

it("a month without a figure is compared with nothing", () => {
  expect(found([1000, null, 2000])).toEqual([]);
  expect(found([-5, 2000, -5])).toEqual([]);
});

it("from nothing to something is remarkable, and so is the other way round", () => {
  expect(found([0, 0, 500, 500, 0])).toEqual([
    ["2025-05", -1000n],
    ["2025-03", undefined],
  ]);
});

it("remarks are ordered by month, the newest first, then as the banks are", () => {
  const remarks = remarksOf([
    bank([100, 200, 200], undefined),
    bank([100, 100, 200], 1),
    bank([100, 200, 200], 2),
  ]);
  expect(remarks.map(({ month, bankId }) => [month, bankId])).toEqual([
    ["2025-03", 1],
    ["2025-02", undefined],
    ["2025-02", 2],
  ]);
});

it("missing months that follow each other are one problem with one command", () => {
  const months = ["2025-11", "2025-12", "2026-01", "2026-03"] as Month[];
  expect(runsOf(months).map(({ count }) => count)).toEqual([3, 1]);
  expect(missingMonths(defaultExtract, months)).toEqual([
    {
      what: "3 months, 2025-11 to 2026-01, are not published.",
      command: "npx bank-batch extract --from 2025-11 --to 2026-01",
    },
    { what: "2026-03 is not published.", command: "npx bank-batch extract --month 2026-03" },
  ]);
});
