/** The commands in the documents are valid, and their links have targets. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import type { Command } from "commander";
import { parse as parseYaml } from "yaml";

import { scripts } from "../../../package.json";
import { program } from "../../../cli/program";
import { parseRequest } from "../../../src/extract/request";
import { codeBlocks, documents, readDocument } from "../../support/markdown";
import { ROOT } from "../../support/root";

const { functions } = parseYaml(readFileSync(path.join(ROOT, "serverless.yml"), "utf8")) as {
  functions: object;
};

/** These pages' commands are for definitions that don't exist yet; tests/package/new-definition.test.ts creates them. */
const TUTORIALS = ["docs/new-extract.md", "docs/new-feed.md", "docs/new-dataset.md"];

interface Typed {
  readonly where: string;
  readonly words: readonly string[];
}

/** The commands of a line, each as a list of words, as a shell splits them, without comments and redirections. */
function commandsOf(line: string): string[][] {
  const words = line.match(/'[^']*'|"[^"]*"|&&|[;|>#]|[^\s;|>]+/g) ?? [];
  const commands: string[][] = [[]];
  let isLeftOut = false;
  for (const word of words) {
    if (word.startsWith("#")) break;
    if (["&&", ";", "|"].includes(word)) {
      commands.push([]);
      isLeftOut = false;
    } else if (word === ">") {
      isLeftOut = true;
    } else if (!isLeftOut) {
      // In prose, brackets enclose optional words.
      commands.at(-1)?.push(word.replace(/^(['"])(.*)\1$/, "$2").replace(/^\[(.*)\]$/, "$1"));
    }
  }
  return commands;
}

/** The project's own commands in a document, from its shell blocks and its inline code. */
function typedIn(document: string): Typed[] {
  const inBlocks = codeBlocks(document)
    .filter(({ language }) => language === "sh")
    .flatMap(({ line, code }) =>
      code
        .split("\n")
        .map((text, index) => ({ where: `${document}:${line + 1 + index}`, text }))
        .filter(({ text }) => !text.startsWith(" ")),
    );
  const inProse = [...readDocument(document).matchAll(/`((?:npm|npx) [^`]+)`/g)].map(([, text = ""]) => ({
    where: document,
    text,
  }));
  return [...inBlocks, ...inProse]
    .flatMap(({ where, text }) => commandsOf(text).map((words) => ({ where, words })))
    .filter(({ words: [first = ""] }) => first === "npm" || first === "npx");
}

/** The real command line, with actions that do nothing. */
function parser(): Command {
  const inert = (command: Command) => {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    command.action(() => undefined);
    command.commands.forEach(inert);
  };
  const command = program();
  inert(command);
  return command;
}

/** @throws if there is no such command, flag or value. */
function expectAccepted(words: readonly string[]): void {
  try {
    parser().parse([...words], { from: "user" });
  } catch (error) {
    if ((error as { code?: string }).code !== "commander.helpDisplayed") throw error;
  }
}

/** @throws if the command is not valid. */
function expectThere({ words: [first = "", name = "", ...rest] }: Typed): void {
  if (first === "npm") {
    expect(["ci", "test", "install", "run"]).toContain(name);
    const [script] = rest;
    // Without a name, npm lists the scripts.
    if (name !== "run" || script === undefined) return;
    expect(Object.keys(scripts)).toContain(script);
  } else if (name === "bank-batch") {
    expectAccepted(rest.length === 0 ? ["--help"] : rest);
  } else {
    expect(readdirSync(path.join(ROOT, "node_modules", ".bin"))).toContain(name);
    if (name === "jest") expectTests(rest);
    if (name === "serverless") expectFunction(rest);
  }
}

function expectTests(words: readonly string[]): void {
  for (const word of words.filter((each) => each.startsWith("tests/"))) {
    const isThere = [word, `${word}.test.ts`].some((file) => existsSync(path.join(ROOT, file)));
    expect([word, isThere]).toEqual([word, true]);
  }
}

function expectFunction([command = "", ...flags]: readonly string[]): void {
  expect(["package", "deploy", "remove", "invoke"]).toContain(command);
  if (command !== "invoke") return;
  const behind = (...names: string[]) => flags[flags.findIndex((flag) => names.includes(flag)) + 1] ?? "";
  expect(Object.keys(functions)).toContain(behind("-f", "--function"));
  parseRequest(JSON.parse(behind("--data")), new Date("9999-01-01T00:00:00Z"));
}

const typed = documents()
  .filter((document) => !TUTORIALS.includes(document))
  .flatMap(typedIn);

describe("the documents' commands", () => {
  it("are found", () => {
    const found = typed.map(({ words }) => words.join(" "));
    expect(found).toContain("npm run demo");
    expect(found).toContain("npx bank-batch local up");
    expect(found).toContain("npx bank-batch extract --month 2026-09 --dry-run");
    expect(found).toContain('npx serverless invoke local -f extract --data {"month": "2026-09"}');
  });

  it.each(typed.map((each) => [`${each.where}: ${each.words.join(" ")}`, each] as const))(
    "are valid: %s",
    (_, each) => {
      expect(() => expectThere(each)).not.toThrow();
    },
  );

  it.each([
    "npm run tset",
    "npx bank-batch extract --mnoth 2026-09",
    "npx bank-batch extract --month 2026-09 --force",
    "npx bank-batch statsu",
    "npx bank-batch extract --extract loans",
    "npx bank-batch local down",
    "npx jest tests/units",
    'npx serverless invoke local -f extracts --data \'{"month": "2026-09"}\'',
    'npx serverless invoke local -f extract --data \'{"mnoth": "2026-09"}\'',
    "npx sevrerless package",
  ])("are rejected if wrong, such as %s", (line) => {
    const [words = []] = commandsOf(line);
    expect(() => expectThere({ where: "here", words })).toThrow();
  });
});

it("CONTRIBUTING.md explains exactly the package's scripts and npm install", () => {
  const explained = codeBlocks("CONTRIBUTING.md")
    .flatMap(({ code }) => code.split("\n"))
    .flatMap((line) => /^npm (?:run )?([\w:]+).* # \S/.exec(line)?.[1] ?? []);
  expect(explained).toEqual([...Object.keys(scripts), "install"]);
});

/** The anchors that GitHub derives from a document's headings. */
function anchorsOf(document: string): string[] {
  return [...readDocument(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
}

it.each(documents())("the relative links in %s have targets", (document) => {
  const links = [...readDocument(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
    ([, link = ""]) => link,
  );
  const broken = links.filter((link) => {
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? document : path.join(path.dirname(document), file);
    if (!existsSync(path.join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

/** The pictures that a document shows, as paths in the project. */
function picturesIn(document: string): string[] {
  return [
    ...readDocument(document).matchAll(/!\[[^\]]+\]\((?!https?:)([^)\s]+)\)|<img\s[^>]*src="([^"]+)"/g),
  ].map(([, inMarkdown, inHtml]) => path.join(path.dirname(document), inMarkdown ?? inHtml ?? ""));
}

it("the documents show every picture, and every picture is there and small", () => {
  const shown = new Set(documents().flatMap(picturesIn));
  const folder = path.join("docs", "screenshots");
  const made = readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(".png"));
  expect(made.length).toBeGreaterThan(15);
  expect([...shown].filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  expect(made.filter((name) => !shown.has(path.join(folder, name)))).toEqual([]);
  expect(made.filter((name) => statSync(path.join(ROOT, folder, name)).size > 150_000)).toEqual([]);
});

it("the README's prose has at most 120 columns", () => {
  const code = codeBlocks("README.md").flatMap(({ code: text }) => text.split("\n"));
  const prose = readDocument("README.md")
    .split("\n")
    .filter((line) => !code.includes(line) && !line.startsWith("|"));
  expect(prose.filter((line) => line.length > 120)).toEqual([]);
});
