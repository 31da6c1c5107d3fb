/**
 * Python programs that some commands need, each installed once into an environment of its own below the user's cache.
 * They need only Python 3.
 */
import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The command did not run; the message is enough, without a stack. */
export class DidNotRun extends Error {
  override readonly name = "DidNotRun";
}

/** The folder for what the project's commands download once. */
export const cacheDirectory = path.join(
  process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"),
  "bank-batch",
);

/**
 * The path of an executable from a package, such as `moto[server]==5.2.5`.
 *
 * @throws DidNotRun if Python or the package is not available.
 */
export async function installPython(requirement: string, executable: string): Promise<string> {
  const environment = path.join(cacheDirectory, requirement.replaceAll(/[^a-z0-9.]+/g, "-"));
  const installed = path.join(environment, "bin", executable);
  if (await exists(installed)) return installed;

  await execute("python3", ["--version"]).catch((cause: unknown) => {
    throw new DidNotRun("no Python: python3 is not on the PATH", { cause });
  });
  process.stderr.write(`installing ${requirement} into ${environment} …\n`);
  await mkdir(environment, { recursive: true });
  try {
    await execute("python3", ["-m", "venv", environment]);
    await execute(path.join(environment, "bin", "pip"), ["install", "--quiet", requirement]);
  } catch (cause) {
    throw new DidNotRun(`${requirement} can't be installed: ${String(cause)}`, { cause });
  }
  return installed;
}

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
