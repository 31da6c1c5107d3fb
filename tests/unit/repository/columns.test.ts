/** The tables of columns in the documents match the definitions. */
import { extractNamed, extractNames } from "../../../src/extract/definitions";
import { feeds } from "../../../src/intake/feeds";
import { deliveryDatasets, rawDatasets } from "../../../src/lake/datasets";
import type { Column } from "../../../src/platform/columns";
import { readDocument } from "../../support/markdown";

/** The cells of the table after the comment that announces it. */
function tableOf(document: string, name: string): string[][] {
  const text =
    readDocument(document).split(
      `<!-- The columns of ${name}. A test compares them with the definition. -->\n`,
    )[1] ?? "";
  const rows = /^\n(\|.*\n)+/.exec(text)?.[0].trim().split("\n") ?? [];
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

function expectColumns(table: string[][], columns: readonly Column[]): void {
  const [header, , ...rows] = table;
  expect(header).toEqual(["column", "type", "meaning"]);
  expect(rows).toEqual(
    columns.map((column) => [
      `\`${column.name}\``,
      `\`${column.type}\`${column.nullable === true ? ", may be empty" : ""}`,
      column.meaning,
    ]),
  );
}

describe.each(["docs/contract.md", "docs/consumer.md"])("%s", (document) => {
  it.each(extractNames)("lists the columns of %s, with their types and meanings", (name) => {
    expectColumns(tableOf(document, name), extractNamed(name)?.columns ?? []);
  });
});

it.each([...feeds, ...rawDatasets])(
  "docs/contract.md lists the columns of $name, with their types and meanings",
  ({ name, columns }) => {
    expectColumns(tableOf("docs/contract.md", name), columns);
  },
);

it.each([...deliveryDatasets, ...rawDatasets])(
  "docs/consumer.md lists the columns of $name in the lake, with their types and meanings",
  ({ name, columns }) => {
    expectColumns(tableOf("docs/consumer.md", name), columns);
  },
);
