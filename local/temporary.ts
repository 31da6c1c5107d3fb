/** Temporary directories, named alike, so that a left-over one shows where it comes from. */
import { mkdtemp } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

export function temporaryDirectory(purpose: string): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), `bank-batch-${purpose}-`));
}
