/** Runs the checks that are written in Python, in Moto's Python. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import { installMoto } from "../moto/moto";

/** A request that was sent, as its service's model reads it. */
export interface Operation {
  /** The name of the service's model, such as `s3`. */
  readonly service: string;
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** @throws Error with what AWS would refuse; DidNotRun if Python or Moto is not available. */
export async function expectAccepted(
  command: "requests" | "template" | "known",
  ...files: readonly string[]
): Promise<string> {
  try {
    const { stderr } = await python("check.py", command, ...files);
    return stderr.trim();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`AWS would refuse:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The distinct operations among recorded requests. */
export async function operationsOf(file: string): Promise<readonly Operation[]> {
  const { stdout } = await python("check.py", "operations", file);
  return JSON.parse(stdout) as Operation[];
}

/** The permissions that CloudFormation needs for the resources of a template, by logical id. */
export async function handlerPermissions(
  template: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { stdout } = await python("permissions.py", template);
  return JSON.parse(stdout) as Record<string, string[]>;
}

async function python(script: string, ...scriptArguments: readonly string[]) {
  const { python: executable } = await installMoto();
  return promisify(execFile)(executable, [path.join(__dirname, script), ...scriptArguments], {
    maxBuffer: 64 * 1024 * 1024,
  });
}
