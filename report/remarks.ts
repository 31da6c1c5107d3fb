/**
 * Remarkable changes from one month to the next, by a rule that the page states (docs/decisions/33-the-controllers-page.md).
 */
import { addMonths, type Month } from "../src/platform/month";
import { type BankFigures, type Measure, measures } from "./bank-figures";
import { quotient } from "./decimal";

export interface Remark {
  readonly month: Month;
  /** Undefined for all banks together. */
  readonly bankId: number | undefined;
  readonly bankName: string;
  readonly measure: Measure;
  readonly before: bigint;
  readonly after: bigint;
  /** In tenths of a percent; undefined if the value before is 0. */
  readonly changePerMille: bigint | undefined;
  /** The range of usual changes, in tenths of a percent; undefined if there are too few to compare with. */
  readonly usual: readonly [low: number, high: number] | undefined;
}

/**
 * A robust standard deviation is 1.4826 × the median distance from the median, and 3 of them are the limit.
 * Source: Leys et al., "Detecting outliers: Do not use standard deviation around the mean, use absolute deviation around
 * the median", Journal of Experimental Social Psychology 49 (2013).
 */
const SCALE = 1.4826;
const LIMIT = 3;
/** With fewer changes, there is no usual one. */
export const ENOUGH_CHANGES = 6;
/** In percent: smaller changes are never remarkable; larger ones always are if there are too few to compare with. */
export const LEAST_PERCENT = 5;
export const ALWAYS_PERCENT = 15;

/** The remarkable changes of all banks and measures: the newest first, then in the banks' order. */
export function remarksOf(banks: readonly BankFigures[]): Remark[] {
  return banks
    .flatMap((bank) => measures.flatMap((measure) => remarksOn(bank, measure)))
    .sort((one, other) => (one.month < other.month ? 1 : one.month > other.month ? -1 : 0));
}

interface Step {
  readonly month: Month;
  readonly before: bigint;
  readonly after: bigint;
  /** The logarithm of their ratio, so that a rise and the fall that undoes it are equal; undefined with a 0. */
  readonly ratio: number | undefined;
}

function remarksOn({ id, name, points }: BankFigures, measure: Measure): Remark[] {
  const steps = stepsOf(new Map(points.map((point) => [point.month, point[measure]])));
  const ratios = steps.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  const usual = ratios.length < ENOUGH_CHANGES ? undefined : usualRange(ratios);
  return steps
    .filter((step) => isRemarkable(step, usual))
    .map(({ month, before, after }) => ({
      ...{ month, bankId: id, bankName: name, measure, before, after },
      changePerMille: before > 0n ? quotient(1000n * (after - before), before) : undefined,
      usual: usual && ([perMille(usual[0]), perMille(usual[1])] as const),
    }));
}

/** The changes between months that follow each other; none with a negative value, and none from 0 to 0. */
function stepsOf(values: ReadonlyMap<Month, bigint | undefined>): Step[] {
  return [...values].flatMap(([month, after]) => {
    const before = values.get(addMonths(month, -1));
    if (before === undefined || after === undefined || before < 0n || after < 0n) return [];
    if (before === 0n && after === 0n) return [];
    const ratio = before === 0n || after === 0n ? undefined : Math.log(Number(after) / Number(before));
    return [{ month, before, after, ratio }];
  });
}

function isRemarkable({ before, after, ratio }: Step, usual: readonly [number, number] | undefined): boolean {
  // From nothing to something, or the other way round.
  if (ratio === undefined) return true;
  const percent = (100 * Math.abs(Number(after - before))) / Number(before);
  if (usual === undefined) return percent > ALWAYS_PERCENT;
  return percent > LEAST_PERCENT && (ratio < usual[0] || ratio > usual[1]);
}

function usualRange(ratios: readonly number[]): readonly [number, number] {
  const middle = median(ratios);
  const reach = LIMIT * SCALE * median(ratios.map((ratio) => Math.abs(ratio - middle)));
  return [middle - reach, middle + reach];
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const [low = 0, high = 0] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return (low + high) / 2;
}

function perMille(ratio: number): number {
  return Math.round(1000 * Math.expm1(ratio));
}
