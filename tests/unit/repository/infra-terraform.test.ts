/** What `infra-terraform` repeats of the program, held together: the extracts' columns, the files that the Glue job reads. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { extractNamed, extractNames } from "../../../src/extract/definitions/index";
import { ROOT } from "../../support/root";

function read(file: string): string {
  return readFileSync(path.join(ROOT, "infra-terraform", file), "utf8");
}

const tables = [
  ...read("catalog.tf").matchAll(/^ {4}(\w+) = \{\s+folder += "(.*)"\s+columns = \[([^\]]+)\]/gm),
].map(([, name = "", folder = "", list = ""]) => ({
  name,
  folder,
  columns: [...list.matchAll(/"(\w+)"/g)].map(([, column]) => column),
}));

it("has a table for each extract, and no other", () => {
  expect(tables.map(({ name }) => name)).toEqual(extractNames);
});

it.each(tables)("$name has its files' columns, in their order, and their folder", (table) => {
  expect(table).toEqual({
    name: table.name,
    folder: extractNamed(table.name)?.folder,
    columns: extractNamed(table.name)?.columns.map(({ name }) => name),
  });
});

it("uploads the files that the Glue job reads, and no other", () => {
  const uploaded = [...read("glue.tf").matchAll(/"\$\{path\.module\}\/\.\.\/(?:sql\/extract\/)?([\w.]+)"/g)];
  const used = [...read("glue/loan_moving_average.py").matchAll(/"(\w+\.(?:sql|json))"/g)];
  const names = (found: RegExpMatchArray[]) => [...new Set(found.map(([, name]) => name))].sort();
  expect(names(uploaded)).toEqual(names(used));
});
