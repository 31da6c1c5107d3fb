/** Scales: labels that all differ, and no scale that makes a small change look like a large one. */
import fc from "fast-check";

import { type Axis, axisAround, axisFromZero } from "../../../report/axis";

function labels({ min, max, interval, format }: Axis): string[] {
  return Array.from({ length: Math.round((max - min) / interval) + 1 }, (_, at) =>
    format(min + at * interval),
  );
}

const values = fc.array(
  fc
    .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: -2, max: 12 }))
    .map(([digits, power]) => digits * 10 ** power),
  { minLength: 1, maxLength: 20 },
);

it.each([
  ["from 0", axisFromZero],
  ["around the values", axisAround],
])("a scale %s covers all values, with few labels that all differ", (_, axisOf) => {
  fc.assert(
    fc.property(values, (numbers) => {
      const axis = axisOf(numbers);
      const tolerance = axis.interval * 1e-6;
      expect(axis.min).toBeLessThanOrEqual(Math.min(...numbers) + tolerance);
      expect(axis.max).toBeGreaterThanOrEqual(Math.max(...numbers) - tolerance);
      const shown = labels(axis);
      expect(shown.length).toBeLessThanOrEqual(7);
      expect(new Set(shown).size).toBe(shown.length);
    }),
    { numRuns: 200 },
  );
});

it("a scale around values that hardly differ spans at least a fifth of them", () => {
  const { min, max } = axisAround([115_900, 116_250]);
  expect(max - min).toBeGreaterThanOrEqual(0.2 * 116_000);
  expect(labels(axisAround([115_900, 116_250]))).toEqual(["100K", "110K", "120K", "130K"]);
});

it("a scale around positive values never starts below 0, and one from 0 starts there", () => {
  expect(axisAround([1, 40]).min).toBe(0);
  expect(axisFromZero([115_900, 116_250])).toMatchObject({ min: 0, max: 150_000 });
  expect(axisFromZero([-40, 20])).toMatchObject({ min: -40, max: 20 });
  expect(labels(axisFromZero([0]))).toEqual(["0", "1"]);
});

it("labels have as many decimals as the steps need", () => {
  expect(labels(axisFromZero([9_000]))).toEqual(["0", "2.5K", "5.0K", "7.5K", "10.0K"]);
  expect(labels(axisFromZero([0.9]))).toEqual(["0", "0.25", "0.50", "0.75", "1.00"]);
});
