/** Follows `docs/new-extract.md`, `docs/new-feed.md` and `docs/new-dataset.md` word for word in a copy of the project. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/root";

const COPIED = [
  "src",
  "sql",
  "local",
  "tests/support",
  "tests/unit/lake/datasets.test.ts",
  "jest.config.js",
  "package.json",
  "serverless.yml",
  "serverless.backfill.yml",
  "serverless.lake.yml",
  "tenants.json",
];

/** A file on the page: its path is in backticks before the block. */
interface Block {
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^`(\S+)`\n\n```(\w+)\n(.*?)^```$/gms)].map(
    ([, file = "", language = "", text = ""]) => ({ file, language, text }),
  );
}

/** Applies a diff to a text that contains the diff's old lines. */
function patched(text: string, diff: string): string {
  const lines = diff.trimEnd().split("\n");
  const side = (sign: string) =>
    lines
      .filter((line) => line === "" || line.startsWith(" ") || line.startsWith(sign))
      .map((line) => line.slice(1))
      .join("\n");
  expect(text).toContain(side("-"));
  return text.replace(side("-"), side("+"));
}

interface Page {
  readonly name: string;
  readonly languages: readonly string[];
  readonly tests: readonly string[];
}

const pages: readonly Page[] = [
  {
    name: "new-extract.md",
    languages: ["sql", "ts", "diff", "ts"],
    tests: ["tests/integration/extract/client-loans"],
  },
  {
    name: "new-feed.md",
    languages: ["ts", "diff", "diff", "ts"],
    tests: ["tests/integration/intake/workers"],
  },
  {
    name: "new-dataset.md",
    languages: ["ts", "diff", "diff", "diff", "diff", "ts"],
    tests: ["tests/integration/lake/card-payments", "tests/unit/lake/datasets"],
  },
];

let copy: string;
beforeAll(async () => {
  copy = await mkdtemp(path.join(os.tmpdir(), "new-definition-"));
  for (const name of COPIED) await cp(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  await symlink(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"));
});
afterAll(() => rm(copy, { recursive: true }));

const run = (program: string, ...given: string[]) =>
  promisify(execFile)(path.join(ROOT, "node_modules", ".bin", program), given, { cwd: copy });

it.each(pages)("$name has its steps in this order, and they fit the project", async ({ name, languages }) => {
  const blocks = blocksOf(await readFile(path.join(ROOT, "docs", name), "utf8"));
  expect(blocks.map(({ language }) => language)).toEqual(languages);
  for (const { file, language, text } of blocks) {
    const target = path.join(copy, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, language === "diff" ? patched(await readFile(target, "utf8"), text) : text);
  }
});

/** The pages have added an extract and a feed, whose lake is left out. */
const PATTERN = "^(?!every (extract|feed) has a dataset)";

it("following the pages gives definitions that compile and tests that pass", async () => {
  const config = { extends: path.join(ROOT, "tsconfig.json"), include: ["src/**/*.ts"] };
  await writeFile(path.join(copy, "tsconfig.json"), JSON.stringify(config));
  const tests = pages.flatMap((page) => page.tests);
  const [, { stderr }] = await Promise.all([run("tsc", "-p", "."), run("jest", ...tests, "-t", PATTERN)]);
  expect(stderr).toContain(`Test Suites: ${tests.length} passed, ${tests.length} total`);
}, 240_000);
