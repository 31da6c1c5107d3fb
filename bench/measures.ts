/** All measures by name. */
import type { Measure } from "./measure";
import { manyBanks } from "./measures/banks";
import { intake } from "./measures/intake";
import { parquet } from "./measures/parquet";
import { query } from "./measures/query";
import { range } from "./measures/range";
import { wholeRun } from "./measures/run";
import { stream } from "./measures/stream";

export const measures = {
  run: wholeRun,
  query,
  range,
  stream,
  banks: manyBanks,
  intake,
  parquet,
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;
