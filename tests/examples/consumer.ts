/** A consumer's machine: an empty folder, the programs that `run.ts` brings, and the settings that the page names. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

import type { CommandResult } from "../support/packaged";
import type { World } from "../support/world";

/** The Python that has boto3. */
export const PYTHON = process.env["TEST_PYTHON"] ?? "";

/**
 * Runs a program until it ends, with nothing from the developer's environment: no AWS profile, no shell settings.
 *
 * @param variables besides AWS's own settings and the bucket.
 */
export async function consume(
  world: World,
  directory: string,
  [program = "", ...words]: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const environment = {
    HOME: directory,
    ...world.aws.environment,
    PATH: `${path.dirname(process.env["TEST_AWS"] ?? "")}${path.delimiter}${process.env["PATH"] ?? ""}`,
    AWS_DEFAULT_REGION: world.aws.region,
    LC_ALL: "C.UTF-8",
    EXTRACT_BUCKET: world.bucket,
    ...variables,
  };
  try {
    const { stdout, stderr } = await promisify(execFile)(program, words, {
      cwd: directory,
      env: environment,
    });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}
