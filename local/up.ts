/** `local up`: keeps a seeded stack running until the signal, and prints the settings that lead there. */
import { once } from "node:events";

import { addMonths, monthOf } from "../src/platform/month";
import { startSeededStack } from "./stack";

export interface UpOptions {
  readonly loans: number | undefined;
  /** Ends the stack. */
  readonly signal: AbortSignal;
  /** For the settings alone, as a shell reads them. */
  readonly print: (text: string) => void;
  /** For people. */
  readonly say: (line: string) => void;
}

export async function up({ loans, signal, print, say }: UpOptions): Promise<void> {
  const month = addMonths(monthOf(new Date()), -1);
  const stack = await startSeededStack(month, loans);
  try {
    signal.throwIfAborted();
    print(
      Object.entries(stack.environment)
        .map(([name, value]) => `export ${name}='${value}'\n`)
        .join(""),
    );
    say("# In another shell, with the lines above:");
    say(`#   npx bank-batch extract --month ${month}`);
    say("# Ctrl-C here ends it and removes everything.");
    await once(signal, "abort");
    signal.throwIfAborted();
  } finally {
    await stack.stop();
  }
}
