/**
 * Tests `infra-terraform/` as far as possible without an account: format, validity, the plan against mocked AWS, and then
 * a full life cycle on Moto, from the first apply to the last destroy.
 */
import path from "node:path";

import { expectAccepted } from "../aws-rules/check";
import { RECORDING } from "../support/recorded-requests";
import { DidNotRun } from "../support/python";
import { runLifeCycle } from "./applied";
import { Terraform } from "./terraform";

const EXAMPLES = ["examples/minimal", "examples/production"];

async function main(): Promise<void> {
  const terraform = await Terraform.create();
  try {
    await step("the files are formatted", () => terraform.succeed("fmt", "-check", "-diff", "-recursive"));
    await step("the module is valid", () => terraform.succeed("validate"));
    for (const example of EXAMPLES) {
      await step(`the ${example} is valid`, async () => {
        const there = terraform.inFolder(example);
        await there.succeed("init", "-backend=false");
        await there.succeed("validate");
      });
    }
    await step("the plan passes its tests", () => terraform.succeed("test"));
    const requests = path.join(terraform.directory, "requests.jsonl");
    process.env[RECORDING] = requests;
    await runLifeCycle(terraform, step);
    await step("no request breaks a rule of AWS", () => expectAccepted("requests", requests));
  } finally {
    await terraform.remove();
  }
}

/** Prints the name of the step and its duration. */
async function step<Result>(what: string, action: () => Promise<Result>): Promise<Result> {
  const begun = performance.now();
  process.stderr.write(`${what} …`);
  try {
    return await action();
  } catch (error) {
    process.stderr.write(" FAILED");
    throw error;
  } finally {
    process.stderr.write(` ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  }
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(
    error instanceof DidNotRun
      ? `\n*** The tests of Terraform did not run: ${error.message}. ***\n\n`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
