/** Follows `docs/new-extract.md` and `docs/new-feed.md` word for word in a copy of the project. */
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
  "jest.config.js",
  "package.json",
  "serverless.yml",
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

/** Carries out a page in a copy of the project, and runs its test. */
async function expectToWork(page: string, languages: readonly string[], test: string): Promise<void> {
  const blocks = blocksOf(await readFile(path.join(ROOT, "docs", page), "utf8"));
  expect(blocks.map(({ language }) => language)).toEqual(languages);

  const copy = await mkdtemp(path.join(os.tmpdir(), "new-definition-"));
  try {
    for (const name of COPIED) await cp(path.join(ROOT, name), path.join(copy, name), { recursive: true });
    await symlink(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"));
    for (const { file, language, text } of blocks) {
      const target = path.join(copy, file);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, language === "diff" ? patched(await readFile(target, "utf8"), text) : text);
    }
    const config = { extends: path.join(ROOT, "tsconfig.json"), include: ["src/**/*.ts"] };
    await writeFile(path.join(copy, "tsconfig.json"), JSON.stringify(config));

    const run = (program: string, ...given: string[]) =>
      promisify(execFile)(path.join(ROOT, "node_modules", ".bin", program), given, { cwd: copy });
    await run("tsc", "-p", ".");
    const { stderr } = await run("jest", test);
    expect(stderr).toContain("1 passed, 1 total");
  } finally {
    await rm(copy, { recursive: true });
  }
}

it("following the page about a new extract gives a definition that compiles and a test that passes", async () => {
  await expectToWork("new-extract.md", ["sql", "ts", "diff", "ts"], "tests/integration/extract/client-loans");
}, 120_000);

it("following the page about a new feed gives a definition that compiles and a test that passes", async () => {
  await expectToWork("new-feed.md", ["ts", "diff", "diff", "ts"], "tests/integration/intake/workers");
}, 120_000);
