/** `local up`: starts a seeded stack, prints the settings for using it, and keeps it running until the signal. */
import { once } from "node:events";

import { quoted } from "../src/platform/shell";
import { lastClosedMonth, startSeededStack } from "./stack";

export interface UpOptions {
  readonly loans: number | undefined;
  /** Stops the stack. */
  readonly signal: AbortSignal;
  /** Prints the settings, in shell syntax. */
  readonly print: (text: string) => void;
  /** Prints a line for people. */
  readonly say: (line: string) => void;
  /** Shows what is being done. */
  readonly progress: (step: string) => void;
}

/** @throws the signal's reason: it is the only end. */
export async function up({ loans, signal, print, say, progress }: UpOptions): Promise<never> {
  const month = lastClosedMonth();
  const stack = await startSeededStack(month, loans, progress);
  try {
    signal.throwIfAborted();
    print(
      Object.entries(stack.environment)
        .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
        .join(""),
    );
    say("# In another shell, after loading the settings above:");
    say(`#   npx bank-batch extract --month ${month}`);
    say("# The database, with the rights of the extract, and as the owner, who may change loans:");
    for (const { username, password } of [
      stack.reader,
      { ...stack.postgres, username: stack.postgres.user },
    ]) {
      const { host, port } = stack.postgres;
      say(`#   psql 'postgresql://${username}:${password}@${host}:${port}/${stack.database}'`);
    }
    say("# The AWS CLI and boto3 work with the same settings, also for S3, Secrets Manager and SNS:");
    say(`#   aws s3 ls s3://${stack.bucket} --recursive`);
    say("# Press Ctrl-C here to stop the stack and delete its data.");
    await once(signal, "abort");
    throw signal.reason as Error;
  } finally {
    await stack.stop();
  }
}
