/** A raw file read to its end: what it contains, or everything that is wrong with it. */
import { createHash, type Hash } from "node:crypto";

import type { Month } from "../../platform/month";
import { ControlTotals } from "../dataset";
import type { RawDataset } from "../raw-dataset";
import type { Content } from "../stored-file";
import { type RawProblem, refinedRows } from "./raw-rows";

/** A file that is right. */
export interface CheckedFile extends Content {
  readonly month: Month;
  /** Of the bytes as they came. */
  readonly sha256: string;
  /** Of the bytes without compression, by which a file that comes both ways is the same. */
  readonly contentSha256: string;
  readonly byteCount: number;
}

/** A file that is not. */
export interface WrongFile {
  /** The first {@link MAX_PROBLEMS}. */
  readonly problems: readonly RawProblem[];
  readonly problemCount: number;
}

export const MAX_PROBLEMS = 1000;

export async function checkRawFile(
  dataset: RawDataset,
  chunks: AsyncIterable<Uint8Array>,
  isGzip: boolean,
): Promise<CheckedFile | WrongFile> {
  const problems: RawProblem[] = [];
  let problemCount = 0;
  const onProblem = (problem: RawProblem): void => {
    problemCount += 1;
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  };
  const raw = new Measured(chunks);
  const content = createHash("sha256");
  const totals = new ControlTotals(dataset);
  let month: string | undefined;
  const monthAt = dataset.columns.findIndex(({ name }) => name === dataset.monthColumn);
  for await (const rows of refinedRows(dataset, raw, isGzip, onProblem, content)) {
    month ??= rows[0]?.[monthAt]?.slice(0, 7);
    totals.addRows(rows);
  }
  if (problemCount > 0) return { problems, problemCount };
  return {
    ...{ month: month as Month, rowCount: totals.rowCount, totals: totals.totals },
    ...{ sha256: raw.hash.digest("hex"), contentSha256: content.digest("hex"), byteCount: raw.byteCount },
  };
}

/** Bytes that are counted and digested on their way. */
class Measured implements AsyncIterable<Uint8Array> {
  byteCount = 0;
  readonly hash: Hash = createHash("sha256");

  constructor(private readonly chunks: AsyncIterable<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.chunks) {
      this.hash.update(chunk);
      this.byteCount += chunk.byteLength;
      yield chunk;
    }
  }
}
