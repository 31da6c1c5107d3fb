/** What the local commands have in common: most their one flag, and all how they end. */
import { parseArgs } from "node:util";

/** Runs a local command with the value of `--loans`, and lets it end as {@link runUntilStopped} does. */
export function runCommand(
  usage: string,
  command: (loans: number | undefined, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  return runUntilStopped(usage, async (signal) => {
    const { values } = parseArgs({
      options: { loans: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help === true) {
      process.stdout.write(`${usage}\n`);
      return;
    }
    await command(parseLoans(values.loans), signal);
  });
}

/**
 * Ctrl-C aborts the signal, and the command then ends in good order with exit code 130; a second Ctrl-C is not needed
 * and does nothing. An error is told with what to try.
 */
export async function runUntilStopped(
  hint: string,
  command: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // On Node 20 every client would print a page about the SDK's future versions; package.json says which one runs.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!stopped.signal.aborted) process.stdout.write("\nStopping …\n");
      stopped.abort();
    });
  }
  try {
    await command(stopped.signal);
  } catch (error) {
    if (stopped.signal.aborted) {
      process.stdout.write("Stopped; nothing is left behind.\n");
      process.exitCode = 130;
      return;
    }
    process.stderr.write(
      `Error: ${error instanceof Error ? error.message : String(error)}\nTry:   ${hint}\n`,
    );
    process.exitCode = 1;
  }
}

function parseLoans(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const loans = Number(text);
  if (!Number.isSafeInteger(loans) || loans < 1)
    throw new Error(`--loans: expected a whole number, not ${text}`);
  return loans;
}
