/** Moto (PyPI), an implementation of S3 and Secrets Manager by others, as a server of this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../../local/free-port";
import { installPython } from "../support/python";

const REQUIREMENT = "moto[server]==5.2.5";
const START_TIMEOUT_MS = 60_000;

export interface MotoServer {
  readonly endpoint: string;
  /** Moto's own Python, which has boto3. */
  readonly python: string;
  stop(): Promise<void>;
}

/**
 * The programs of Moto's environment, which has boto3, botocore and cfn-lint.
 *
 * @throws DidNotRun if Python or the package is not available.
 */
export async function installMoto(): Promise<{ server: string; python: string; cfnLint: string }> {
  const server = await installPython(REQUIREMENT, "moto_server");
  const program = (name: string) => path.join(path.dirname(server), name);
  return { server, python: program("python"), cfnLint: program("cfn-lint") };
}

/** @throws DidNotRun if Python or the package is not available. */
export async function startMoto(environment: Readonly<Record<string, string>> = {}): Promise<MotoServer> {
  const { server: executable, python } = await installMoto();
  const port = await freePort();
  const child = spawn(executable, ["-H", "127.0.0.1", "-p", String(port)], {
    env: { ...process.env, ...environment },
    stdio: "ignore",
  });
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
  return { endpoint, python, stop };
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
