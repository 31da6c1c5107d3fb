/** `docs/faults.md` names every test below `tests/faults`, and no test that doesn't exist. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import ts from "typescript";

import { ROOT } from "../../support/root";

const page = readFileSync(path.join(ROOT, "docs", "faults.md"), "utf8");

const files = readdirSync(path.join(ROOT, "tests", "faults"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `tests/faults/${name}`);

const otherFiles = [...page.matchAll(/^## .*`(tests\/.*\.test\.ts)`/gm)]
  .map(([, file = ""]) => file)
  .filter((file) => !files.includes(file));

/** The full names of a file's tests, as written: an `it.each` has one name, with its placeholders. */
function testsOf(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(ROOT, file), "utf8"),
    ts.ScriptTarget.ES2022,
    true,
  );
  const names: string[] = [];
  const visit = (node: ts.Node, above: readonly string[]): void => {
    const call = ts.isCallExpression(node) ? node : undefined;
    const [title] = call?.arguments ?? [];
    const kind =
      call === undefined ? undefined : /^(describe|it|test)\b/.exec(call.expression.getText())?.[1];
    if (kind === undefined || title === undefined || !ts.isStringLiteralLike(title)) {
      node.forEachChild((child) => visit(child, above));
      return;
    }
    const name = [...above, title.text];
    if (kind === "describe") node.forEachChild((child) => visit(child, name));
    else names.push(name.join(" "));
  };
  visit(source, []);
  return names;
}

/** The last cell of each row in the table below the file's name. */
function tableOf(file: string): string[] {
  const section = page.split(/^## /m).find((each) => each.includes(`\`${file}\``)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.split("|").at(-2)?.trim() ?? "");
}

describe("docs/faults.md", () => {
  it.each(files)("names every test of %s exactly once", (file) => {
    expect(testsOf(file).length).toBeGreaterThan(0);
    expect(tableOf(file).sort()).toEqual(testsOf(file).sort());
  });

  it.each(otherFiles)("names only tests that %s has", (file) => {
    expect(tableOf(file).length).toBeGreaterThan(0);
    expect(testsOf(file)).toEqual(expect.arrayContaining(tableOf(file)));
  });
});
