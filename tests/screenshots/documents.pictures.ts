/**
 * Makes the pictures of docs/screenshots: the report and `status` in every state. If PICTURES names a folder, they go
 * there instead, each with the page as PDF and in full length.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import sharp from "sharp";

import { temporaryDirectory } from "../../local/temporary";
import { launchChromium } from "../support/chromium";
import { commandLine } from "../support/command-line";
import { ROOT } from "../support/root";
import { prepare, type State, states } from "./states";
import { terminalPage } from "./terminal";

const forReview = process.env["PICTURES"];
const folder = forReview ?? path.join(ROOT, "docs", "screenshots");

const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
/** A4 without its margins, at 96 dots per inch. */
const paper = { viewport: { width: 680, height: 1000 } };

/** The pages are long; the documents show their beginning. */
const LONGEST = { desktop: 1700, phone: 1900, paper: 1000 };
const LARGEST_BYTES = 150_000;

/** What {@link save} has written. */
const saved: { readonly name: string; readonly byteCount: number }[] = [];

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
  await mkdir(folder, { recursive: true });
});
afterAll(() => browser.close());

async function open(
  html: string,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    await page.setContent(html);
    await use(page);
  } finally {
    await context.close();
  }
}

/** Saves the beginning of the page with a palette of 64 colours, which is enough for text and charts. */
async function save(name: string, page: Page, longest: number): Promise<void> {
  const whole = await page.screenshot({ fullPage: true });
  const { width, height } = await sharp(whole).metadata();
  const picture = await sharp(whole)
    .extract({ left: 0, top: 0, width, height: forReview === undefined ? Math.min(height, longest) : height })
    .png({ palette: true, colours: 64, effort: 10, dither: 0 })
    .toBuffer();
  await writeFile(path.join(folder, `${name}.png`), picture);
  saved.push({ name, byteCount: picture.length });
}

async function saveReport(name: string, html: string): Promise<void> {
  const isMain = name === "year" || forReview !== undefined;
  await open(html, desktop, async (page) => {
    await save(`report-${name}`, page, LONGEST.desktop);
    if (forReview !== undefined)
      await page.pdf({ path: path.join(folder, `${name}.pdf`), format: "A4", printBackground: true });
  });
  if (!isMain) return;
  await open(html, { ...desktop, colorScheme: "dark" }, (page) =>
    save(`report-${name}-dark`, page, LONGEST.desktop),
  );
  await open(html, phone, (page) => save(`report-${name}-phone`, page, LONGEST.phone));
  await open(html, paper, async (page) => {
    await page.emulateMedia({ media: "print" });
    await save(`report-${name}-print`, page, LONGEST.paper);
  });
}

type Environment = Readonly<Record<string, string>>;

function flagsOf({ months }: State): string[] {
  return Object.entries(months).flatMap(([flag, month]) => [`--${flag}`, month]);
}

/** @returns the page of `report`. */
async function reportOf(state: State, environment: Environment): Promise<string> {
  const directory = await temporaryDirectory("report");
  try {
    const file = path.join(directory, "report.html");
    const { exitCode, stderr } = await commandLine(
      ["report", ...flagsOf(state), "--output", file],
      environment,
    );
    if (exitCode !== 0) throw new Error(stderr);
    if (forReview !== undefined) await copyFile(file, path.join(folder, `${state.name}.html`));
    return await readFile(file, "utf8");
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function saveStatus(state: State, environment: Environment): Promise<void> {
  const { name } = state;
  const thorough = name === "damaged" ? ["--verify"] : [];
  const words = ["status", ...flagsOf(state), ...thorough];
  const { exitCode, stdout, stderr } = await commandLine(words, {
    ...environment,
    FORCE_COLOR: "1",
    COLUMNS: "80",
  });
  expect([exitCode, stderr]).toEqual([0, ""]);
  await open(terminalPage(`npx bank-batch ${words.join(" ")}`, stdout), {}, async (page) => {
    const { width, height } = (await page.locator("pre").boundingBox()) ?? { width: 800, height: 600 };
    await page.setViewportSize({ width: Math.ceil(width), height: Math.ceil(height) });
    await save(`status-${name}`, page, Math.ceil(height));
  });
}

it.each(states.map((state) => [state.name, state] as const))("the pictures of %s", async (name, state) => {
  const { environment, close } = await prepare(state);
  saved.length = 0;
  try {
    await saveReport(name, await reportOf(state, environment));
    await saveStatus(state, environment);
  } finally {
    await close();
  }
  const tooLarge = saved.filter(({ byteCount }) => forReview === undefined && byteCount > LARGEST_BYTES);
  expect(tooLarge).toEqual([]);
});
