/** `demo` and `local up`: commands that need nothing but this machine. */
import type { Command } from "commander";

import { BatchError } from "../../src/platform/errors";
import { help, NAME } from "../help";
import { withLoans } from "../options";
import { ending, terminal } from "../session";
import { summed } from "../summing-up";
import { count } from "../wording";

export function addDemo(parent: Command): void {
  withLoans(parent.command("demo"))
    .description(
      "run an extract of the last closed month from start to finish, on this machine, with invented data",
    )
    .addHelpText("after", help([[`${NAME} demo --loans 20000`, "the same with fewer loans"]], []))
    .action(
      summed(({ loans }: LocalFlags) =>
        onThisMachine(async () => {
          const { demo } = await import("../../local/demo");
          const { signal } = ending;
          const { month, files, folder } = await demo({
            loans,
            signal,
            print: (text) => terminal.print(text),
          });
          return `${month}: ${count(files.length, "file")} of loans in ${folder}/`;
        }),
      ),
    );
}

export function addLocal(parent: Command): void {
  const local = parent.command("local").description("run a local stack for development");
  withLoans(local.command("up"))
    .description(
      "start PostgreSQL and an AWS endpoint with invented data on this machine, print their settings, " +
        "and keep both running until Ctrl-C, which removes everything",
    )
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} local up > local.env`, "save the settings, which a shell can read"],
          [". ./local.env", "load them in another shell; its commands then use the stack"],
        ],
        [],
      ),
    )
    .action(
      summed(({ loans }: LocalFlags) =>
        onThisMachine(async () => {
          const { up } = await import("../../local/up");
          await terminal.begin("starting PostgreSQL and the AWS endpoint");
          return up({
            loans,
            signal: ending.signal,
            print: (text) => {
              terminal.rest();
              terminal.print(text);
            },
            say: (line) => terminal.say(line),
            progress: (step) => terminal.progress(step),
          });
        }),
      ),
    );
}

interface LocalFlags {
  readonly loans: number | undefined;
}

/** Adds a hint to errors of the local stack, which are not errors of the deployed program. */
async function onThisMachine<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof BatchError || !(error instanceof Error)) throw error;
    throw new BatchError(error.message, {
      hint: "Run npm ci and try again. docs/decisions/05-local-stack.md lists what the local stack needs.",
      cause: error,
    });
  }
}
