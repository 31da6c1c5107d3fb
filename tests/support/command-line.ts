/** The command line as its users start it: a process of its own, from a clone. */
import path from "node:path";

import { execute, type CommandResult } from "./packaged";
import { ROOT } from "./root";

/** The script that Node.js runs. */
export const COMMAND_LINE = path.join(ROOT, "bin", "bank-batch.mjs");

/** Runs a command until it exits, with any exit code. */
export function commandLine(
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  return execute(process.execPath, [COMMAND_LINE, ...flags], environment);
}
