/** Scales of charts: round steps whose labels all differ, and no scale that makes a small change look like a large one. */

export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly interval: number;
  readonly format: (value: number) => string;
}

/** How much of a value a scale of a bank's own spans at least: a change of 0.3 % then stays close to flat. */
const LEAST_SPAN = 0.2;

const STEPS = [1, 2, 2.5, 5, 10] as const;
const INTERVALS = 4;

/** A scale from 0 to the highest value, or to the lowest if it is negative. */
export function axisFromZero(values: readonly number[]): Axis {
  return axisBetween(Math.min(0, ...values), Math.max(0, ...values));
}

/** A scale around the values, which spans at least a fifth of them. */
export function axisAround(values: readonly number[]): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const middle = (low + high) / 2;
  const half = Math.max(high - low, LEAST_SPAN * Math.abs(middle)) / 2;
  // A scale that would start just above 0, or beyond it, starts at 0.
  return axisBetween(low >= 0 ? Math.max(0, middle - half) : middle - half, middle + half);
}

function axisBetween(low: number, high: number): Axis {
  const interval = roundStep((high - low) / INTERVALS);
  const min = Math.floor(low / interval) * interval;
  const max = Math.max(Math.ceil(high / interval), Math.floor(low / interval) + 1) * interval;
  return { min, max, interval, format: labelsOf(Math.max(Math.abs(min), Math.abs(max)), interval) };
}

/** The next round number: 1, 2, 2.5 or 5 times a power of ten. */
function roundStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (STEPS.find((step) => step * power >= least) ?? 10);
}

const UNITS = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
] as const;

/** Labels short enough for a phone, with as many decimals as the steps need; so no two are equal. */
function labelsOf(largest: number, interval: number): (value: number) => string {
  const short = UNITS.find(([unit]) => largest >= unit && decimalsOf(interval / unit) <= 1);
  const [unit, suffix] = short ?? [1, ""];
  const decimals = decimalsOf(interval / unit);
  const numbers = new Intl.NumberFormat("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return (value) => {
    // Sums of steps may miss 0 by a rounding error.
    const isZero = Math.abs(value) < interval / 2;
    return isZero ? "0" : `${numbers.format(value / unit)}${suffix}`;
  };
}

/** How many decimals a round step has. */
function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 12; decimals += 1) {
    const shifted = step * 10 ** decimals;
    if (Math.abs(shifted - Math.round(shifted)) < 1e-6 && Math.round(shifted) > 0) return decimals;
  }
  return 12;
}
