import { decimalUnits, UnitSum, unitsText } from "../../../src/platform/format/units";

it.each<[bigint, number, string]>([
  [0n, 0, "0"],
  [-12n, 0, "-12"],
  [0n, 2, "0.00"],
  [5n, 2, "0.05"],
  [-5n, 2, "-0.05"],
  [-50n, 2, "-0.50"],
  [-1250n, 2, "-12.50"],
  [123456789012345678901234567890n, 3, "123456789012345678901234567.890"],
])("%s units of %s decimals are written as PostgreSQL does: %s", (units, scale, text) => {
  expect(unitsText(units, scale)).toBe(text);
  expect(decimalUnits(text, `decimal(38,${scale})`)).toBe(units);
});

it("a number with fewer decimals than its type counts in the type's units", () => {
  expect(["-12.5", "12", "-0.5"].map((text) => decimalUnits(text, "decimal(9,2)"))).toEqual([
    -1250n,
    1200n,
    -50n,
  ]);
});

it("a number without decimals is its own number of units", () => {
  expect([decimalUnits("-12", "int64"), decimalUnits("0", "decimal(9,0)")]).toEqual([-12n, 0n]);
});

it("a sum is exact, however many numbers it has and however large they are", () => {
  const sum = new UnitSum();
  let expected = 0n;
  for (let at = 0; at < 3_000; at += 1) {
    for (const units of [2 ** 52, 2 ** 31 - 1, -1, 10n ** 30n]) {
      sum.add(units);
      expected += BigInt(units);
    }
  }
  expect(sum.total).toBe(expected);
  for (let at = 0; at < 3_000; at += 1) sum.add(-(2 ** 53 - 1));
  expect(sum.total).toBe(expected - 3_000n * (2n ** 53n - 1n));
  sum.reset();
  expect(sum.total).toBe(0n);
});
