/** The command line as its users start it: a process of its own, from a clone. */
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

import { execute, type CommandResult } from "./packaged";
import { ROOT } from "./root";

/** The script that Node.js runs. */
export const COMMAND_LINE = path.join(ROOT, "bin", "bank-batch.mjs");

/**
 * Runs a command until it exits, with any exit code.
 *
 * @throws if it succeeds and its last line doesn't sum up what it did.
 */
export async function commandLine(
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  const result = await execute(process.execPath, [COMMAND_LINE, ...flags], environment);
  const mayBeSilent = ["--help", "--version", "--quiet", "-q", "completion"].some((word) =>
    flags.includes(word),
  );
  const last = stripVTControlCharacters(result.stderr).trimEnd().split("\n").at(-1) ?? "";
  if (result.exitCode === 0 && !mayBeSilent && !SUM.test(last))
    throw new Error(`${flags.join(" ")} ends with ${JSON.stringify(last)}, which sums up nothing`);
  return result;
}

/** What was done, how much of it, and how long it took: `2 months: 2 verified, in 0.4 s`. */
const SUM = /\S, in (\d+(\.\d)? s|\d+ min( \d+ s)?|\d+ h( \d+ min)?)$/;
