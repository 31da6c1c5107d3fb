/** A bank's average, computed from rounded fields, equals the average of its individual loans. */
import fc from "fast-check";

import { BankWindow, branchWindow, moversOf } from "../../../report/averages";
import { formatHundredths, formatPercent, parseHundredths, quotient } from "../../../report/decimal";

/** The amounts of a branch's loans, month by month, for three months; null is a loan without an amount. */
type Branch = readonly (readonly (number | null)[])[];

/** A quotient as decimal text, computed independently of the report, rounded half away from zero. */
function rounded(dividend: number, divisor: number): string {
  const negative = dividend < 0;
  const size = BigInt(Math.abs(dividend)) * 1000n;
  const thousandths = size / BigInt(divisor);
  const rest = size % BigInt(divisor);
  const last = thousandths % 10n;
  const up = last > 5n || (last === 5n && rest >= 0n);
  const digits = String(thousandths / 10n + (up ? 1n : 0n)).padStart(3, "0");
  const text = `${digits.slice(0, -2)}.${digits.slice(-2)}`;
  return negative && /[1-9]/.test(text) ? `-${text}` : text;
}

/** A branch's row as the extract writes it. */
function fieldsOf(branch: Branch, id: number): Record<string, string> {
  const loans = branch.flat();
  const known = loans.filter((amount) => amount !== null);
  const total = known.reduce((sum, amount) => sum + amount, 0);
  return {
    branch_id: String(id),
    branch_address: "",
    loan_count_3m: String(loans.length),
    moving_average_3m: known.length === 0 ? "" : rounded(total, known.length),
    monthly_total_average_3m: rounded(total, 3),
  };
}

function windowOf(branches: readonly Branch[]): BankWindow {
  const window = new BankWindow();
  for (const [id, branch] of branches.entries()) window.add(branchWindow(fieldsOf(branch, id)));
  return window;
}

const amount = fc.integer({ min: -2_000_000_000, max: 2_000_000_000 });
const branchOf = (loan: fc.Arbitrary<number | null>): fc.Arbitrary<Branch> =>
  fc.array(fc.array(loan, { maxLength: 12 }), { minLength: 3, maxLength: 3 });

it("a bank's average is exact for any loans that have amounts", () => {
  fc.assert(
    fc.property(fc.array(branchOf(amount), { maxLength: 8 }), (branches) => {
      const loans = branches.flat(2) as number[];
      const window = windowOf(branches);
      const total = loans.reduce((sum, each) => sum + each, 0);
      expect(window.loanCount).toBe(BigInt(loans.length));
      expect(window.loanTotal).toBe(BigInt(total));
      expect(window.average).toBe(
        loans.length === 0 ? undefined : quotient(100n * BigInt(total), BigInt(loans.length)),
      );
    }),
    { numRuns: 500 },
  );
});

it("a bank's average leaves out loans without an amount, as the files' own averages do, or is reported as not exact", () => {
  const unknownOnes = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 2_000_000_000 }) },
    fc.constant(null),
  );
  let exact = 0;
  fc.assert(
    fc.property(fc.array(branchOf(unknownOnes), { minLength: 1, maxLength: 8 }), (branches) => {
      const known = branches.flat(2).filter((each) => each !== null);
      const window = windowOf(branches);
      expect(window.loanCount).toBe(BigInt(branches.flat(2).length));
      if (!window.isExact) return;
      exact += 1;
      const total = known.reduce((sum, each) => sum + each, 0);
      expect(window.average).toBe(
        known.length === 0 ? undefined : quotient(100n * BigInt(total), BigInt(known.length)),
      );
    }),
    { numRuns: 500 },
  );
  expect(exact).toBeGreaterThan(490);
});

it("a bank's average is not exact if several numbers of loans fit the branch's figures", () => {
  // Three loans of 1, 0 and an unknown amount have the average 0.50, which only two loans with amounts give.
  expect(windowOf([[[1, 0, null], [], []]]).average).toBe(50n);
  // 600 divided by 200,000 gives 0.00; divided by any number from about 40,000 to 120,000 it gives 0.01.
  const fields = {
    branch_id: "1",
    loan_count_3m: "200000",
    moving_average_3m: "0.01",
    monthly_total_average_3m: "200.00",
  };
  const window = new BankWindow();
  window.add(branchWindow(fields));
  expect([window.isExact, window.average]).toEqual([false, undefined]);
});

it("a bank's average is not the mean of the branches' averages", () => {
  // One loan of 100 and three of 400: (100 + 3 × 400) / 4, not (100 + 400) / 2.
  expect(
    windowOf([
      [[100], [], []],
      [[400], [400], [400]],
    ]).average,
  ).toBe(32_500n);
});

it("a branch's change is in percent of the value before", () => {
  const at = (average: string, id = "7") => {
    const fields = {
      branch_id: id,
      loan_count_3m: "4",
      moving_average_3m: average,
      monthly_total_average_3m: "0.00",
    };
    return new Map([[id, branchWindow(fields)]]);
  };
  expect(moversOf("Bank", at("200.00"), at("150.00"))[0]).toMatchObject({
    before: 20_000n,
    after: 15_000n,
    changePerMille: -250n,
  });
  expect(moversOf("Bank", at("0.00"), at("150.00"))).toEqual([]);
  expect(moversOf("Bank", at(""), at("150.00"))).toEqual([]);
  expect(moversOf("Bank", at("200.00", "8"), at("150.00"))).toEqual([]);
});

it("amounts are read and written without floating-point numbers", () => {
  expect(formatHundredths(parseHundredths("-90071992547409931234.5") ?? 0n)).toBe(
    "-90,071,992,547,409,931,234.50",
  );
  expect(["", "0", "0.07", "-0.07"].map(parseHundredths)).toEqual([undefined, 0n, 7n, -7n]);
  expect(() => parseHundredths("1e3")).toThrow(SyntaxError);
  expect([quotient(5n, 2n), quotient(-5n, 2n), quotient(4n, 3n), quotient(-7n, -2n)]).toEqual([
    3n,
    -3n,
    1n,
    4n,
  ]);
  expect([formatPercent(5n), formatPercent(-1234n), formatPercent(0n)]).toEqual([
    "+0.5 %",
    "−123.4 %",
    "0.0 %",
  ]);
});
