/** Starts the browser that `run.ts` found on the machine. */
import { type Browser, chromium } from "playwright-core";

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "",
    // The sandbox doesn't work for root, as in a container. All pages are our own.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}
