/** The interface of a measure, and the rows that it returns. */
import type { Sizes } from "./sizes";
import type { Sample } from "./turns";
import type { World } from "./world";

/** A comparison: the figures of both sides, in pairs, and the limit for their ratio. */
export interface Row {
  readonly measure: string;
  readonly what: string;
  readonly against: string;
  readonly unit: "ms" | "bytes";
  readonly limit: number;
  readonly ours: readonly number[];
  readonly base: readonly number[];
}

export type Measure = (world: World, sizes: Sizes, log: (line: string) => void) => Promise<Row[]>;

export function durations(samples: readonly Sample[] = []): number[] {
  return samples.map(({ durationMs }) => durationMs);
}
