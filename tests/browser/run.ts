/** Runs the tests of the report and the diagrams in a real browser, which must be installed already. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../support/root";

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

async function main(): Promise<void> {
  const chromium = await findChromium();
  if (chromium === undefined) {
    process.exitCode = 1;
    process.stderr.write(
      `\n*** The tests in a browser did not run: none of ${NAMES.join(", ")} is on the PATH. ***\n\n`,
    );
    return;
  }
  const jest = spawn(
    path.join(ROOT, "node_modules", ".bin", "jest"),
    // Passed explicitly, so that jest's summary doesn't claim to have run all tests.
    ["tests/browser", "--config", path.join(__dirname, "jest.config.js"), ...process.argv.slice(2)],
    { cwd: ROOT, env: { ...process.env, CHROMIUM: chromium }, stdio: "inherit" },
  );
  const [exitCode] = (await once(jest, "exit")) as [number | null];
  process.exitCode = exitCode ?? 1;
}

void main();
