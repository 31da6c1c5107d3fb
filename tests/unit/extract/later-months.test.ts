/** Which months `status` calls stale, by their manifests alone. */
import { defaultExtract, definitions } from "../../../src/extract/definitions";
import { isStale } from "../../../src/extract/later-months";
import type { Manifest } from "../../../src/extract/month-manifest";

interface Published {
  /** The day of October on which it was published. */
  readonly on: number;
  /** By bank id: the amounts lent in the month and in its window. */
  readonly banks: Readonly<Record<number, readonly [month: number, window: number]>>;
  readonly state?: "withdrawn";
}

function manifest({ on, banks, state }: Published): Manifest {
  const totals = ([month, window]: readonly [number, number]) => ({
    ...{ loanCount: "1", windowLoanCount: "3" },
    ...{ loanTotal: String(month), windowLoanTotal: String(window) },
  });
  const files = Object.entries(banks).map(([id, amounts]) => ({ bankId: Number(id), ...totals(amounts) }));
  const sum = (at: 0 | 1) => Object.values(banks).reduce((total, amounts) => total + amounts[at], 0);
  return {
    state: state ?? "published",
    publishedAt: `2026-10-${String(on).padStart(2, "0")}T03:00:00.000Z`,
    files,
    totals: {
      ...totals([sum(0), sum(1)]),
      ...{ loanCount: String(files.length), windowLoanCount: String(3 * files.length) },
    },
  } as unknown as Manifest;
}

const july = manifest({ on: 1, banks: { 1: [10, 0], 2: [100, 0] } });
const august = manifest({ on: 2, banks: { 1: [20, 0], 2: [200, 0] } });
const september = manifest({ on: 3, banks: { 1: [30, 60], 2: [300, 600] } });

const stale = (...window: readonly (Manifest | undefined)[]) => isStale(defaultExtract, window);

it("a month whose window is the sum of its months is not stale, also if one was restated in vain", () => {
  expect(stale(july, august, september)).toBe(false);
  expect(stale(july, { ...august, publishedAt: "2026-10-09T00:00:00.000Z" }, september)).toBe(false);
});

it("a month is stale if the total of all banks differs, whenever the others were published", () => {
  expect(stale(july, manifest({ on: 2, banks: { 1: [21, 0], 2: [200, 0] } }), september)).toBe(true);
});

describe("if the total of all banks is the same, and those of two banks are not,", () => {
  const moved = { 1: [15, 0], 2: [205, 0] } as const;

  it("the month is stale after a restatement of an earlier one", () => {
    expect(stale(july, manifest({ on: 9, banks: moved }), september)).toBe(true);
  });

  it("the month is right if it is the last that was published: a branch has moved to another bank", () => {
    expect(stale(july, manifest({ on: 2, banks: moved }), september)).toBe(false);
  });

  it("a bank without a file in one of the months counts as 0", () => {
    expect(stale(july, manifest({ on: 9, banks: { 2: [220, 0] } }), september)).toBe(true);
    const without = manifest({ on: 3, banks: { 2: [330, 660] } });
    expect(stale(july, manifest({ on: 9, banks: { 1: [20, 0], 2: [200, 0] } }), without)).toBe(true);
  });
});

it("a month is not stale if a month of its window is missing or withdrawn, or if no figure has a window", () => {
  const other = manifest({ on: 9, banks: { 1: [21, 0], 2: [200, 0] } });
  expect(stale(undefined, other, september)).toBe(false);
  expect(stale(july, { ...other, state: "withdrawn" }, september)).toBe(false);
  const [, loanDetail = defaultExtract] = definitions;
  expect(isStale(loanDetail, [september])).toBe(false);
});
