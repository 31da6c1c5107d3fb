/** Starts the command line: carries out what the process was started with, to its end and its exit code. */
import { program } from "./program";
import { ending } from "./session";

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    process.exitCode = ending.tell(error);
  }
}

void main();
