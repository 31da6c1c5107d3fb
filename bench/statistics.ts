/** Medians and ratios of measured figures, with their spread. */

export interface Ratio {
  /** The medians. */
  readonly oursMedian: number;
  readonly baseMedian: number;
  /** The median of the ratios of all pairs. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @throws RangeError if there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError("there is no median of no values");
  return (low + high) / 2;
}

/**
 * Compares figures that were measured in turns. Each figure is compared with its neighbour, because whatever slows the
 * machine down for a while slows both sides of a pair.
 *
 * @throws RangeError if there are no pairs, or the numbers of figures differ.
 */
export function compare(ours: readonly number[], base: readonly number[]): Ratio {
  if (ours.length !== base.length)
    throw new RangeError(`can't pair ${ours.length} figures with ${base.length}`);
  const ratios = ours.map((figure, at) => figure / (base[at] ?? NaN));
  return {
    oursMedian: median(ours),
    baseMedian: median(base),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}
