/**
 * Proves `infra-terraform/` as far as that can be done without an account: format, validity and rules on mocked AWS, then
 * one life of it on Moto, from the first apply to the last destroy.
 */
import { DidNotRun } from "../support/python";
import { liveOnce } from "./applied";
import { Terraform } from "./terraform";

async function main(): Promise<void> {
  const terraform = await Terraform.create();
  try {
    await step("is formatted", () => terraform.succeed("fmt", "-check", "-diff", "-recursive"));
    await step("is valid", () => terraform.succeed("validate"));
    await step("keeps the rules", () => terraform.succeed("test"));
    await liveOnce(terraform, step);
  } finally {
    await terraform.remove();
  }
}

/** Says what is being proven and how long that took. */
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
