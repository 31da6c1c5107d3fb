/** `local up`: starts a seeded stack, prints the settings for using it, and keeps it running until the signal. */
import { once } from "node:events";

import { lastClosedMonth, startSeededStack } from "./stack";

export interface UpOptions {
  readonly loans: number | undefined;
  /** Stops the stack. */
  readonly signal: AbortSignal;
  /** Prints the settings, in shell syntax. */
  readonly print: (text: string) => void;
  /** Prints a line for people. */
  readonly say: (line: string) => void;
}

export async function up({ loans, signal, print, say }: UpOptions): Promise<void> {
  const month = lastClosedMonth();
  const stack = await startSeededStack(month, loans);
  try {
    signal.throwIfAborted();
    print(
      Object.entries(stack.environment)
        .map(([name, value]) => `export ${name}='${value}'\n`)
        .join(""),
    );
    say("# In another shell, after loading the settings above:");
    say(`#   npx bank-batch extract --month ${month}`);
    say("# Press Ctrl-C here to stop the stack and delete its data.");
    await once(signal, "abort");
    signal.throwIfAborted();
  } finally {
    await stack.stop();
  }
}
