/** What is made of measured figures: medians and ratios, with their spread. Pure. */

export interface Ratio {
  /** The medians. */
  readonly oursMedian: number;
  readonly baseMedian: number;
  /** The median of the pairs' ratios. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @throws RangeError if there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError("the median of nothing");
  return (low + high) / 2;
}

/**
 * Compares figures that were measured in turns. Each is held against its own neighbour, so whatever slows the machine
 * down for a while slows both sides of a pair.
 *
 * @throws RangeError if there are no pairs, or a figure without its neighbour.
 */
export function compare(ours: readonly number[], base: readonly number[]): Ratio {
  if (ours.length !== base.length) throw new RangeError(`${ours.length} figures against ${base.length}`);
  const ratios = ours.map((figure, at) => figure / (base[at] ?? NaN));
  return {
    oursMedian: median(ours),
    baseMedian: median(base),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}
