/**
 * The printed report, page by page. A browser can't be asked where it breaks pages, but it breaks columns by the same
 * rules: the page is laid out in columns of the paper's size, and must have as many of them as the PDF has pages.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import type { Browser, Page } from "playwright-core";

import { prepare, states } from "../screenshots/states";
import { launchChromium } from "../support/chromium";
import { commandLine } from "../support/command-line";

jest.setTimeout(180_000);

/** A4 without its margins of 15 mm, in the browser's pixels: 96 to an inch. */
const paper = { width: (180 / 25.4) * 96, height: (267 / 25.4) * 96 };
const GAP = 100;

let browser: Browser;
let directory: string;
beforeAll(async () => {
  browser = await launchChromium();
  directory = await mkdtemp(path.join(os.tmpdir(), "print-"));
});
afterAll(async () => {
  await browser.close();
  await rm(directory, { recursive: true });
});

interface Printed {
  readonly pageCount: number;
  /** How much of each page is used, from 0 to 1. */
  readonly used: readonly number[];
  /** Rows and figures that begin on one page and end on another, though they fit on one. */
  readonly split: readonly string[];
  /** Headings whose text begins on the next page. */
  readonly lonely: readonly string[];
}

/** Breaks the page into columns of the paper's size, and looks where everything is. */
function print(page: Page): Promise<Printed> {
  return page.evaluate(
    ({ width, height, gap }) => {
      const { style } = document.body;
      style.cssText = `columns: ${width}px; column-gap: ${gap}px; column-fill: auto; width: ${width}px; height: ${height}px; margin: 0; padding: 0`;
      const pageOf = ({ left }: DOMRect) => Math.floor((left + gap / 2) / (width + gap));
      const boxes = (element: Element) =>
        [...element.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
      const nameOf = (element: Element) => `${element.tagName} ${element.textContent.slice(0, 60)}`;
      const all = [...document.querySelectorAll("body *")].flatMap(boxes);
      const pageCount = Math.max(...all.map(pageOf)) + 1;
      const used = Array.from({ length: pageCount }, (_, number) =>
        Math.max(
          ...all.filter((box) => pageOf(box) === number).map((box) => Math.min(1, box.bottom / height)),
        ),
      );
      const split = [...document.querySelectorAll("tr, figure, article, .legend, .tiles, .problems > li")]
        .filter((element) => new Set(boxes(element).map(pageOf)).size > 1)
        .filter((element) => boxes(element).reduce((sum, box) => sum + box.height, 0) < height)
        .map(nameOf);
      const shown = [...document.querySelectorAll("h2, h3, p, tr, li, svg, dl")].filter(
        (element) => boxes(element).length > 0,
      );
      const lonely = shown.flatMap((element, at) => {
        const next = shown[at + 1];
        if (!/^H[23]$/.test(element.tagName) || next === undefined) return [];
        const [own, others] = [boxes(element).at(-1), boxes(next)[0]];
        return own !== undefined && others !== undefined && pageOf(own) !== pageOf(others)
          ? [nameOf(element)]
          : [];
      });
      return { pageCount, used, split, lonely };
    },
    { ...paper, gap: GAP },
  );
}

const wanted = ["year", "eventful", "five-years", "one-month"];

it.each(states.filter(({ name }) => wanted.includes(name)).map((state) => [state.name, state] as const))(
  "no row, figure or heading is torn from what belongs to it, and no page is left half empty: %s",
  async (name, state) => {
    const { environment, close } = await prepare(state);
    try {
      const file = path.join(directory, `${name}.html`);
      const months = Object.entries(state.months).flatMap(([flag, month]) => [`--${flag}`, month]);
      const { exitCode, stderr } = await commandLine(["report", ...months, "--output", file], environment);
      if (exitCode !== 0) throw new Error(stderr);
      const page = await browser.newPage({ viewport: { width: 680, height: 1009 } });
      await page.goto(pathToFileURL(file).href);
      const pdf = await page.pdf({ format: "A4", printBackground: true });
      const pageCount = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length;
      await page.emulateMedia({ media: "print" });
      const printed = await print(page);
      await page.close();
      expect(printed).toMatchObject({ pageCount, split: [], lonely: [] });
      expect(printed.used.slice(0, -1).filter((part) => part < 0.6)).toEqual([]);
    } finally {
      await close();
    }
  },
);
