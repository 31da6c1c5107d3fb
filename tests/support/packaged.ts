/** The packaged artefact: made by `npx serverless package`, unpacked, and started in a clean process. */
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { unzipSync } from "fflate";

import type { Summary } from "../../src/extract/extract";
import { ROOT } from "./root";
import { oneAtATime } from "./test-server";

export interface Invocation {
  readonly result?: Summary;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
  /** The time to load the handler, without the start of Node.js. */
  readonly importDurationMs: number;
  /** The time from the handler's call to its return. */
  readonly handlerDurationMs: number;
  readonly peakMemoryBytes: number;
  /** What the handler wrote to standard output and standard error. */
  readonly log: string;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Packaged {
  private constructor(
    readonly directory: string,
    /** The files of the package by name. */
    readonly files: Readonly<Record<string, Uint8Array>>,
    /** The handler's name in the CloudFormation template. */
    readonly handler: string,
  ) {}

  static async create(): Promise<Packaged> {
    const directory = await mkdtemp(path.join(os.tmpdir(), "packaged-"));
    try {
      return await Packaged.#createIn(directory);
    } catch (error) {
      await rm(directory, { recursive: true });
      throw error;
    }
  }

  static async #createIn(directory: string): Promise<Packaged> {
    const made = path.join(directory, "made");
    const { exitCode, stderr } = await serverless(["package", "--package", made], {
      TMPDIR: directory,
    });
    if (exitCode !== 0) throw new Error(stderr);

    const files = await unzip(path.join(made, "bank-batch.zip"), path.join(directory, "task"));
    const template = JSON.parse(
      await readFile(path.join(made, "cloudformation-template-update-stack.json"), "utf8"),
    ) as { Resources: { ExtractLambdaFunction: { Properties: { Handler: string } } } };
    return new Packaged(directory, files, template.Resources.ExtractLambdaFunction.Properties.Handler);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  /** The directory of the unpacked package. */
  get task(): string {
    return path.join(this.directory, "task");
  }

  /**
   * Invokes a handler in a process of its own, `extract` unless another is named.
   *
   * @throws like {@link invokeIn}.
   */
  invoke(
    event: unknown,
    environment: Readonly<Record<string, string>>,
    nodeFlags: readonly string[] = [],
    handler = this.handler,
  ): Promise<Invocation> {
    return invokeIn(this.task, handler, event, environment, nodeFlags);
  }
}

/** Unpacks a package into a folder, as Lambda does. @returns its files by name. */
export async function unzip(zip: string, folder: string): Promise<Record<string, Uint8Array>> {
  const files = unzipSync(await readFile(zip));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return files;
}

/**
 * Invokes a handler from an unpacked package, in a process of its own.
 *
 * @throws if the process ends before its handler, or does not end by itself after it.
 */
export async function invokeIn(
  task: string,
  handler: string,
  event: unknown,
  environment: Readonly<Record<string, string>>,
  nodeFlags: readonly string[] = [],
): Promise<Invocation> {
  const child = fork(path.join(__dirname, "lambda-process.cjs"), [task, handler], {
    cwd: task,
    // The calls of a handler count as those of its function.
    env: { ...environment, AWS_SDK_UA_APP_ID: handler.split(".").at(-1) },
    execArgv: [...nodeFlags],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  }
  const closed = once(child, "close") as Promise<[number | null, string | null]>;
  // The channel disconnects only after its last message; the process may close before.
  const silent = Promise.all([closed, once(child, "disconnect")]);
  child.send(event as object);
  const message = await Promise.race([
    once(child, "message").then(([answer]) => answer as Omit<Invocation, "log">),
    silent.then(() => undefined),
  ]);
  if (message === undefined) throw new Error(`the process ended before its handler had: ${log}`);
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  const [, signal] = await closed;
  clearTimeout(timer);
  if (signal !== null) throw new Error(`the process did not end after its handler had: ${log}`);
  return { ...message, log };
}

/** Runs one of the project's commands (`node_modules/.bin`) to its end. */
export function command(
  name: string,
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return execute(path.join(ROOT, "node_modules", ".bin", name), commandArguments, environment);
}

/** Runs `npx serverless`, one at a time: its plugin builds in a folder of the project. */
export function serverless(
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return oneAtATime("serverless", () => command("serverless", commandArguments, environment));
}

/** Runs a program to its end in the project's folder. */
export async function execute(
  file: string,
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, [...commandArguments], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
    });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}
