/** `demo` and `local up`: the program on this machine alone. */
import type { Command } from "commander";

import { ExtractError } from "../../src/platform/errors";
import { help, NAME } from "../help";
import { withLoans } from "../options";
import { ending, terminal } from "../session";

export function addDemo(parent: Command): void {
  withLoans(parent.command("demo"))
    .description("run the whole of it for the last closed month on invented data, on this machine alone")
    .addHelpText("after", help([[`${NAME} demo --loans 20000`, "with fewer loans"]], []))
    .action(({ loans }: LocalFlags) =>
      onThisMachine(async () => {
        const { demo } = await import("../../local/demo");
        await demo({ loans, signal: ending.signal, print: terminal.print.bind(terminal) });
      }),
    );
}

export function addLocal(parent: Command): void {
  const local = parent.command("local").description("a local stack for development");
  withLoans(local.command("up"))
    .description(
      "start PostgreSQL and an AWS endpoint on this machine with invented data, print the settings that lead there,\n" +
        "and keep them running until Ctrl-C, which removes everything",
    )
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} local up > local.env`, "standard output has the settings alone, as a shell reads them"],
          [". ./local.env", "in another shell; then any command finds the stack"],
        ],
        [],
      ),
    )
    .action(({ loans }: LocalFlags) =>
      onThisMachine(async () => {
        const { up } = await import("../../local/up");
        const [print, say] = [terminal.print.bind(terminal), terminal.say.bind(terminal)];
        await up({ loans, signal: ending.signal, print, say });
      }),
    );
}

interface LocalFlags {
  readonly loans: number | undefined;
}

/** What fails in the local stack is no failure of the program that is deployed. */
async function onThisMachine(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof ExtractError || !(error instanceof Error)) throw error;
    throw new ExtractError(error.message, {
      hint: "Run npm ci, then the same again; docs/decisions/05-local-stack.md says what the local stack needs.",
      cause: error,
    });
  }
}
