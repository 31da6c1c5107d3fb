/**
 * The report in a real browser: it needs no network, runs no script, fits on a phone, prints, and shows the right
 * texts, whatever a bank's name is. If PICTURES names a folder, the tests save screenshots there.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { commandLine } from "../support/command-line";
import { HOSTILE_ADDRESS, HOSTILE_NAME, publishEventfulYear, RANGE } from "../support/eventful-year";
import { World } from "../support/world";
import { launchChromium } from "../support/chromium";

jest.setTimeout(120_000);

const desktop = { width: 1280, height: 900 };
/** The narrowest phones that are common, and today's usual ones. */
const phone = { width: 360, height: 740 };
const widerPhone = { width: 390, height: 844 };
const touched = { isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

let world: World;
let directory: string;
let browser: Browser;
beforeAll(async () => {
  world = await World.create("seeded");
  await publishEventfulYear(world);
  directory = await mkdtemp(path.join(os.tmpdir(), "report-"));
  browser = await launchChromium();
  const flags = ["report", "--from", RANGE.from, "--to", RANGE.to, "--output", file()];
  const { exitCode, stderr } = await commandLine(flags, world.environment);
  if (exitCode !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await browser.close();
  await rm(directory, { recursive: true });
  await world.close();
});

const file = () => path.join(directory, "report.html");

/** A page, with the requests that it made and the messages on the browser's console. */
interface Seen {
  readonly page: Page;
  readonly requests: string[];
  readonly complaints: string[];
}

async function look(
  options: Parameters<Browser["newContext"]>[0],
  action: (seen: Seen) => Promise<void>,
): Promise<void> {
  const context: BrowserContext = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const [requests, complaints]: [string[], string[]] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(file()).href, { waitUntil: "load" });
    await action({ page, requests, complaints });
  } finally {
    await context.close();
  }
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["PICTURES"];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

/** The elements that extend beyond the window's right edge; on a screen, without those inside a box that scrolls. */
const overflowing = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter(
        (element) =>
          matchMedia("print").matches || element.closest(".wide") === null || element.matches(".wide"),
      )
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((element) => `${element.tagName}.${element.getAttribute("class") ?? ""}`),
  );

it.each([
  ["desktop", { viewport: desktop, colorScheme: "light" }],
  ["desktop-dark", { viewport: desktop, colorScheme: "dark" }],
  ["phone", { viewport: phone, colorScheme: "light", ...touched }],
  ["phone-390", { viewport: widerPhone, colorScheme: "light", ...touched }],
] as const)("the report makes no requests, logs nothing and overflows nowhere: %s", async (name, options) => {
  await look(options, async ({ page, requests, complaints }) => {
    await picture(page, name);
    expect(requests.filter((url) => !url.startsWith("data:"))).toEqual([pathToFileURL(file()).href]);
    expect(complaints).toEqual([]);
    expect(await overflowing(page)).toEqual([]);
    const widths = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(widths[0]).toBe(widths[1]);
  });
});

it("the report shows a name and an address that contain scripts as plain text", async () => {
  await look({ viewport: desktop }, async ({ page }) => {
    expect(await page.title()).toBe("Loan report, October 2025 to September 2026");
    expect(await page.locator("script, img, iframe, object").count()).toBe(0);
    const text = await page.locator("body").innerText();
    expect(text).toContain(HOSTILE_NAME);
    expect(text).toContain(HOSTILE_ADDRESS);
  });
});

it("the report draws a mark for every figure, and has a table next to every chart", async () => {
  await look({ viewport: desktop }, async ({ page }) => {
    const charts = await shownCharts(page);
    // Three banks, the branches with the largest changes, and the totals. The bank without branches has no chart.
    expect(charts.map(({ label }) => label.split(":")[0])).toEqual([
      "Line chart",
      "Line chart",
      "Line chart",
      "Bar chart",
      "Column chart",
    ]);
    for (const { label, rows, known, marks, visible } of charts) {
      expect(label).toMatch(/chart: .*The table has the figures\.$/);
      expect(rows).toBeGreaterThan(0);
      expect([label, marks, visible]).toEqual([label, known, known]);
    }
    // Two colours: up and down.
    expect(charts[3]?.inks).toBe(2);
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(dark);
  });
});

it("the averages of all banks have one scale from 0, until the reader chooses each bank's own", async () => {
  await look({ viewport: desktop }, async ({ page }) => {
    const shared = await shownCharts(page);
    const scales = shared.slice(0, 3).map(({ scale }) => scale);
    expect(new Set(scales.map(String)).size).toBe(1);
    expect(scales[0]).toContain("0");
    await page.getByLabel("each bank's own").check();
    const own = (await shownCharts(page)).slice(0, 3);
    expect(own).toHaveLength(3);
    for (const { scale, marks, visible } of own) {
      expect(scale).not.toContain("0");
      expect(new Set(scale).size).toBe(scale.length);
      expect(visible).toBe(marks);
    }
  });
});

it.each([phone, widerPhone])(
  "on a phone of %j, each number that a table is about is on the screen without scrolling",
  async (viewport) => {
    await look({ viewport, isMobile: true }, async ({ page }) => {
      const wide = page.locator("section", { hasText: "Branches with the largest changes" }).last();
      const headings = await wide
        .locator("thead th")
        .evaluateAll((cells) =>
          cells
            .filter((cell) => cell.getBoundingClientRect().width > 0)
            .map((cell) => [cell.textContent, cell.getBoundingClientRect().right <= innerWidth] as const),
        );
      expect(headings).toEqual(["Branch", "Change", "After", "Loans"].map((name) => [name, true]));
    });
  },
);

/** The charts that are shown, each with the marks of its points and the table of its figure. */
const shownCharts = (page: Page) =>
  page.locator("[role=img]:has(svg):visible").evaluateAll((shown) =>
    shown.map((chart) => {
      const figure = chart.closest("figure") ?? chart;
      const marks = [...chart.querySelectorAll<SVGGraphicsElement>("svg [ecmeta_data_index]")];
      return {
        label: chart.getAttribute("aria-label") ?? "",
        scale: [...chart.querySelectorAll("svg text")]
          .map(({ textContent }) => textContent)
          .filter((text) => /^[\d.]+[KM]?$/.test(text)),
        rows: figure.querySelectorAll("tbody tr").length,
        known: [...figure.querySelectorAll("tbody tr td:nth-of-type(1)")].filter(
          (cell) => cell.textContent !== "–",
        ).length,
        marks: marks.length,
        visible: marks.filter((mark) => {
          const { width, height } = mark.getBoundingClientRect();
          return width > 0 && height > 0;
        }).length,
        inks: new Set(marks.map((mark) => getComputedStyle(mark).fill)).size,
      };
    }),
  );

it("the report has headings and labels in a logical order", async () => {
  await look({ viewport: desktop }, async ({ page }) => {
    const levels = await page
      .locator("h1, h2, h3")
      .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName[1])));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries()) {
      expect(level - (levels[index - 1] ?? 1)).toBeLessThanOrEqual(1);
    }
    const bare = await page
      .locator("table")
      .evaluateAll(
        (tables) =>
          tables.filter(
            (table) =>
              table.querySelectorAll("th[scope=col]").length < 2 ||
              table.querySelector("th[scope=row]") === null,
          ).length,
      );
    expect(bare).toBe(0);
  });
});

it("the report prints on white paper, whatever the screen's colours", async () => {
  await look({ viewport: desktop, colorScheme: "dark" }, async ({ page }) => {
    const folder = process.env["PICTURES"] ?? directory;
    await mkdir(folder, { recursive: true });
    const pdf = await page.pdf({
      path: path.join(folder, "report.pdf"),
      format: "A4",
      printBackground: true,
    });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThan(1);

    // A4 without its margins, at 96 dots per inch.
    await page.setViewportSize({ width: 680, height: 1000 });
    await page.emulateMedia({ media: "print" });
    await picture(page, "print");
    expect(await overflowing(page)).toEqual([]);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      "rgb(255, 255, 255)",
    );
  });
});
