/** The browser that `run.ts` has found on the machine. */
import { type Browser, chromium } from "playwright-core";

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "",
    // Root, as in a container, has no sandbox. The pages are our own.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}
