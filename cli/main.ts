/** Starts the command line: runs the command that the process was started with, and sets the exit code. */
import { explain } from "./mistakes";
import { mannerOf } from "./options";
import { program } from "./program";
import { ending, terminal } from "./session";

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const command = program();
  // A command imports its code; what only prints help or a mistake need not wait for this.
  command.hook("preAction", async () => {
    const { register } = await import("tsx/esm/api");
    register();
  });
  terminal.behave(mannerOf(words));
  try {
    await command.parseAsync();
    terminal.finish();
  } catch (error) {
    const reason = explain(error, command, words);
    if (reason !== undefined) process.exitCode = ending.printError(reason);
  }
}

void main();
