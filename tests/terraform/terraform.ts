/** Runs the Terraform CLI in a temporary copy of `infra-terraform/`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

import { DidNotRun } from "../support/python";
import { ROOT } from "../support/root";

/** The first version whose mocks apply during a plan. The configuration itself supports older versions. */
const NEEDED = [1, 11] as const;

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Terraform {
  private constructor(
    readonly directory: string,
    private readonly environment: NodeJS.ProcessEnv,
    /** Where the commands run, below `infra-terraform`. */
    private readonly folder = ".",
  ) {}

  /** @throws DidNotRun if Terraform or its provider is not available. */
  static async create(): Promise<Terraform> {
    const directory = await mkdtemp(path.join(os.tmpdir(), "terraform-"));
    // The paths that the configuration reads.
    for (const name of ["infra-terraform", "sql", "package.json", "tenants.json"]) {
      await cp(path.join(ROOT, name), path.join(directory, name), {
        recursive: true,
        filter: (file) => !/^\.terraform$|\.tfstate/.test(path.basename(file)),
      });
    }
    const quiet = { TF_IN_AUTOMATION: "1", TF_INPUT: "0", CHECKPOINT_DISABLE: "1" };
    const terraform = new Terraform(directory, { ...process.env, ...quiet });
    try {
      await terraform.#expectVersion();
      const { exitCode, stderr } = await terraform.run("init", "-backend=false");
      if (exitCode !== 0) throw new DidNotRun(`terraform init failed, so there is no provider: ${stderr}`);
      return terraform;
    } catch (error) {
      await terraform.remove();
      throw error;
    }
  }

  /** The same copy, with additional environment variables. */
  withEnvironment(environment: Readonly<Record<string, string>>): Terraform {
    return new Terraform(this.directory, { ...this.environment, ...environment }, this.folder);
  }

  /** The same copy, with commands that run in another folder below `infra-terraform`. */
  inFolder(folder: string): Terraform {
    return new Terraform(this.directory, this.environment, folder);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  async run(command: string, ...commandArguments: readonly string[]): Promise<Outcome> {
    const child = spawn("terraform", [command, ...commandArguments], {
      cwd: path.join(this.directory, "infra-terraform", this.folder),
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { exitCode: exitCode ?? 1, stdout, stderr };
  }

  /** @throws Error with the whole output if the command fails. */
  async succeed(command: string, ...commandArguments: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(command, ...commandArguments);
    if (exitCode !== 0) throw new Error(`terraform ${command} failed\n${stdout}\n${stderr}`);
    return stdout;
  }

  async #expectVersion(): Promise<void> {
    const { stdout } = await this.run("version", "-json").catch((cause: unknown) => {
      throw new DidNotRun("no Terraform: terraform is not on the PATH", { cause });
    });
    const { terraform_version: version } = JSON.parse(stdout) as { terraform_version: string };
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
      throw new DidNotRun(`Terraform ${version} is too old: the tests need ${NEEDED.join(".")}`);
    }
  }
}
