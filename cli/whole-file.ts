/** Writes a file whole or not at all, and says why it could not. */
import { access, constants, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { BatchError, RequestError } from "../src/platform/errors";

/** @throws RequestError if no file can be made there. */
export async function expectWritable(file: string): Promise<void> {
  await access(path.dirname(path.resolve(file)), constants.W_OK).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
}

/** @throws RequestError or BatchError; the file is then what it was before. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const existing = await stat(target).catch(() => undefined);
  // A device or a pipe can't be replaced.
  const isReplaced = existing?.isFile() ?? true;
  const written = isReplaced ? `${target}.${process.pid}.part` : target;
  try {
    await writeFile(written, text);
    if (isReplaced) await rename(written, target);
  } catch (cause) {
    if (isReplaced) await rm(written, { force: true });
    throw unwritable(file, cause);
  }
}

/** No space, over quota, and larger than a file may be. */
const FULL = ["ENOSPC", "EDQUOT", "EFBIG"];

function unwritable(file: string, cause: unknown): BatchError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const what = `can't write ${file}: ${message}`;
  if (FULL.includes(code)) {
    const hint = "Free some space, or name a file on another disk by --output. Nothing of the page was kept.";
    return new BatchError(what, { hint, cause });
  }
  return new RequestError(what, {
    hint: "Use --output to name a file in a folder that exists and is writable.",
    cause,
  });
}
