import { createHash } from "node:crypto";

/** A mutant's name, the same in every run. Lines and columns from 1. */
export function keyOf({ file, location: { start, end }, mutatorName, replacement = "" }) {
  return JSON.stringify([file, start.line, start.column, end.line, end.column, mutatorName, replacement]);
}

/** Whether a mutant belongs to the share, in per cent, that is tested: as good as random, and the same in every run. */
export function isInShare(key, percent) {
  const hash = createHash("sha256").update(key).digest().readUInt32BE();
  return hash < (percent / 100) * 2 ** 32;
}
