/**
 * Moto (PyPI), an implementation of S3 and Secrets Manager by others, as a server of this machine. It is installed
 * once into an environment of its own below the user's cache, and needs Python 3 and nothing else.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { freePort } from "../../local/free-port";

const REQUIREMENT = "moto[server]==5.2.5";
const START_TIMEOUT_MS = 60_000;

const execute = promisify(execFile);

/** What the message says is all there is to say: the tests did not run. */
export class DidNotRun extends Error {
  override readonly name = "DidNotRun";
}

export interface MotoServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** @throws DidNotRun if Python or the package can't be had. */
export async function startMoto(): Promise<MotoServer> {
  const executable = await install();
  const port = await freePort();
  const child = spawn(executable, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, "exit");
  };
  try {
    await answering(endpoint, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}

async function install(): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
  const environment = path.join(cache, "bank-loan-extract", REQUIREMENT.replaceAll(/[^a-z0-9.]+/g, "-"));
  const executable = path.join(environment, "bin", "moto_server");
  if (await exists(executable)) return executable;

  await execute("python3", ["--version"]).catch((cause: unknown) => {
    throw new DidNotRun("no Python: python3 is not on the PATH", { cause });
  });
  process.stderr.write(`installing ${REQUIREMENT} into ${environment} …\n`);
  await mkdir(environment, { recursive: true });
  try {
    await execute("python3", ["-m", "venv", environment]);
    await execute(path.join(environment, "bin", "pip"), ["install", "--quiet", REQUIREMENT]);
  } catch (cause) {
    throw new DidNotRun(`${REQUIREMENT} can't be installed: ${String(cause)}`, { cause });
  }
  return executable;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answered = await fetch(`${endpoint}/moto-api/`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (child.exitCode !== null) throw new Error(`moto_server ended with exit code ${child.exitCode}`);
    if (Date.now() > giveUpAt) throw new Error(`moto_server does not answer at ${endpoint}`);
    await sleep(100);
  }
}
