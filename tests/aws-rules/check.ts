/** Runs `check.py` in Moto's Python. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { installMoto } from "../moto/moto";

/** @throws Error with what AWS would refuse; DidNotRun if Python or Moto is not available. */
export async function expectAccepted(
  command: "requests" | "template" | "known",
  ...files: readonly string[]
): Promise<string> {
  const { python } = await installMoto();
  try {
    const { stderr } = await promisify(execFile)(python, [
      path.join(__dirname, "check.py"),
      command,
      ...files,
    ]);
    return stderr.trim();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`AWS would refuse:\n${stdout}${stderr}`, { cause: error });
  }
}
