/** `docs/faults.md` names every test of a fault, and no other. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import ts from "typescript";

import { ROOT } from "../../support/root";

const directory = path.join(ROOT, "tests", "faults");
const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".test.ts"),
);

/** The full names of a file's tests, as written: an `it.each` has one name, with its placeholders. */
function testsOf(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(directory, file), "utf8"),
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
  const text = readFileSync(path.join(ROOT, "docs", "faults.md"), "utf8");
  const section = text.split(/^## /m).find((each) => each.includes(`tests/faults/${file}`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.split("|").at(-2)?.trim() ?? "");
}

describe("docs/faults.md", () => {
  it.each(files)("names every test of %s exactly once", (file) => {
    expect(testsOf(file).length).toBeGreaterThan(0);
    expect(tableOf(file).sort()).toEqual(testsOf(file).sort());
  });
});
