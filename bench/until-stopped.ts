/**
 * Runs a command of the benchmark so that it ends cleanly. Ctrl-C aborts the signal, and the command ends with exit code
 * 130; a second Ctrl-C does nothing. An error is printed with a hint.
 */
export async function runUntilStopped(
  hint: string,
  command: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // On Node.js 20 every client would print a long warning about future versions of the SDK, which package.json pins.
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
      process.stdout.write("Stopped; nothing was left behind.\n");
      process.exitCode = 130;
      return;
    }
    process.stderr.write(
      `Error: ${error instanceof Error ? error.message : String(error)}\nTry:   ${hint}\n`,
    );
    process.exitCode = 1;
  }
}
