/** The browser that is on this machine: found on the PATH by a command, and started by its tests. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import path from "node:path";

import { type Browser, chromium } from "playwright-core";

import { ROOT } from "./root";

/** The names that Debian and others use. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

async function findChromium(): Promise<string | undefined> {
  const directories = (process.env["PATH"] ?? "").split(path.delimiter);
  for (const file of directories.flatMap((directory) => NAMES.map((name) => path.join(directory, name)))) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/**
 * Runs jest with the browser, and ends this process with jest's exit code; says so loudly if there is no browser.
 *
 * @param what did not run then: `The tests in a browser`.
 * @param folder the folder of the tests and their `jest.config.js`, below the project's.
 */
export async function runWithChromium(what: string, folder: string): Promise<void> {
  const executable = await findChromium();
  if (executable === undefined) {
    process.exitCode = 1;
    process.stderr.write(`\n*** ${what} did not run: none of ${NAMES.join(", ")} is on the PATH. ***\n\n`);
    return;
  }
  const jest = spawn(
    path.join(ROOT, "node_modules", ".bin", "jest"),
    // Passed explicitly, so that jest's summary doesn't claim to have run all tests.
    [folder, "--config", path.join(ROOT, folder, "jest.config.js"), ...process.argv.slice(2)],
    { cwd: ROOT, env: { ...process.env, CHROMIUM: executable }, stdio: "inherit" },
  );
  const [exitCode] = (await once(jest, "exit")) as [number | null];
  process.exitCode = exitCode ?? 1;
}

/** Starts the browser that {@link runWithChromium} found. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "",
    // The sandbox doesn't work for root, as in a container. All pages are our own.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}
