/** Starts the command line: runs the command that the process was started with, and sets the exit code. */
import { program } from "./program";
import { ending } from "./session";

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    process.exitCode = ending.printError(error);
  }
}

void main();
