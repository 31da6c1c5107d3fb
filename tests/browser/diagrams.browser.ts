/**
 * Mermaid draws every diagram in the documents, complete and with all of its labels. If PICTURES names a folder, the
 * tests save the diagrams there.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";

import type { Browser, Page } from "playwright-core";

import { codeBlocks, documents } from "../support/markdown";
import { launchChromium } from "../support/chromium";

const diagrams = documents()
  .flatMap(codeBlocks)
  .filter(({ language }) => language === "mermaid");

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 900, height: 600 } });
  await page.setContent("<!doctype html><body></body>");
  await page.addScriptTag({ path: path.join(__dirname, "node_modules/mermaid/dist/mermaid.min.js") });
});
afterAll(() => browser.close());

/** The part of the library's interface that is used here. */
interface Mermaid {
  readonly mermaid: {
    initialize(settings: object): void;
    render(id: string, text: string): Promise<{ svg: string }>;
  };
}

/** Draws a diagram as GitHub does, which accepts only text in labels. @throws if Mermaid can't parse it. */
const draw = (text: string) =>
  page.evaluate(async (source) => {
    const { mermaid } = globalThis as unknown as Mermaid;
    mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
    const { svg } = await mermaid.render("diagram", source);
    document.body.innerHTML = svg;
    return document.body.textContent.replace(/\s+/g, " ");
  }, text);

/** The labels that a reader should see: text in quotes or after a colon. */
const labelsOf = (code: string) =>
  [...code.matchAll(/"([^"]+)"|: (.+)$/gm)].flatMap(([, quoted, behind]) =>
    (quoted ?? behind ?? "").replaceAll(/[[\]()"]/g, "").split("<br>"),
  );

it("the documents have diagrams", () => {
  expect(diagrams.length).toBeGreaterThan(2);
});

it.each(diagrams.map((diagram) => [`${diagram.document}:${diagram.line}`, diagram] as const))(
  "the diagram at %s is drawn",
  async (_, { document: name, line, code }) => {
    const text = await draw(code);
    const labels = labelsOf(code);
    expect(labels.length).toBeGreaterThan(5);
    expect(labels.filter((label) => !text.replaceAll(/[[\]()"]/g, "").includes(label))).toEqual([]);
    const folder = process.env["PICTURES"];
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    const picture = `${path.basename(path.dirname(name))}-${path.basename(name, ".md")}-${line}.png`;
    await page.locator("svg#diagram").screenshot({ path: path.join(folder, picture) });
  },
);

it("a diagram that Mermaid can't parse fails", async () => {
  await expect(draw("flowchart LR\n  a --> \n  b[")).rejects.toThrow(/Parse error|Syntax error/);
});
