/** The tables of Athena have the columns and the folder of each extract: `infra-terraform/catalog.tf` repeats them. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { extractNamed, extractNames } from "../../src/extracts";

const catalog = readFileSync(path.join(__dirname, "../../infra-terraform/catalog.tf"), "utf8");
const tables = [...catalog.matchAll(/^ {4}(\w+) = \{\s+folder += "(.*)"\s+columns = \[([^\]]+)\]/gm)].map(
  ([, name = "", folder = "", list = ""]) => ({
    name,
    folder,
    columns: [...list.matchAll(/"(\w+)"/g)].map(([, column]) => column),
  }),
);

it("has a table for each extract, and no other", () => {
  expect(tables.map(({ name }) => name)).toEqual(extractNames);
});

it.each(tables)("$name has its files' columns, in their order, and their folder", (table) => {
  expect(table).toEqual({
    name: table.name,
    folder: extractNamed(table.name)?.folder,
    columns: extractNamed(table.name)?.columns,
  });
});
