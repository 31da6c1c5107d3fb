/** How the benchmark's commands end: in good order, also by Ctrl-C. */

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
