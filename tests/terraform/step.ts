/** The steps of a script: each is printed with its duration, and the first that fails ends it. */
import { DidNotRun } from "../support/python";

/** Prints the name of the step and its duration. */
export async function step<Result>(what: string, action: () => Promise<Result>): Promise<Result> {
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

export function runAll(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.exitCode = 1;
    process.stderr.write(
      error instanceof DidNotRun
        ? `\n*** The tests of Terraform did not run: ${error.message}. ***\n\n`
        : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  });
}
