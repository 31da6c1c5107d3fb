/** `.env.example` has every setting of the contract, and no other. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { readDocument } from "../../support/markdown";
import { ROOT } from "../../support/root";

const [, afterHeading = ""] = readDocument("docs/contract.md").split("\n## 5. Settings\n");
const [section = ""] = afterHeading.split(/^## /m);
const documented = [...section.matchAll(/^\| ([^|]+)\|/gm)].flatMap(([, cell = ""]) =>
  [...cell.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name),
);

const lines = readFileSync(path.join(ROOT, ".env.example"), "utf8").split("\n");
const assignment = /^(?:# )?([A-Z][A-Z0-9_]+)=(\S+)$/;
const settings = lines.flatMap((line, index) => {
  const [, name, value] = assignment.exec(line) ?? [];
  return name === undefined ? [] : [{ name, value, before: lines.slice(Math.max(0, index - 2), index) }];
});

it(".env.example has every setting of the contract, in the same order, and no other", () => {
  expect(documented.length).toBeGreaterThan(10);
  expect(settings.map(({ name }) => name)).toEqual(documented);
});

it.each(settings)(".env.example describes $name in one line", ({ before }) => {
  const [blank, comment = ""] = before;
  expect(blank).toBe("");
  expect(comment).toMatch(/^# .+\.$/);
  expect(comment).not.toMatch(assignment);
});

it(".env.example contains only comments and settings", () => {
  expect(lines.filter((line) => line !== "" && !line.startsWith("# ") && !assignment.test(line))).toEqual([]);
});
