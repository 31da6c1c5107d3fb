/** What `infra-terraform` repeats of the program, held together: the extracts' columns, the files that the Glue job reads. */
import { readdirSync, readFileSync } from "node:fs";
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
    columns: extractNamed(table.name)?.columns,
  });
});

it("uploads the files that the Glue job reads, and no other", () => {
  const uploaded = [...read("glue.tf").matchAll(/"\$\{path\.module\}\/\.\.\/(?:sql\/extract\/)?([\w.]+)"/g)];
  const used = [...read("glue/loan_moving_average.py").matchAll(/"(\w+\.(?:sql|json))"/g)];
  const names = (found: RegExpMatchArray[]) => [...new Set(found.map(([, name]) => name))].sort();
  expect(names(uploaded)).toEqual(names(used));
});

/**
 * EC2 refuses descriptions with other characters, and neither Terraform nor Moto does.
 * Source: Amazon EC2 API Reference, AuthorizeSecurityGroupIngress, IpRange.
 */
const EC2_DESCRIPTION = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

describe("security groups and their rules", () => {
  const files = readdirSync(path.join(ROOT, "infra-terraform"), { encoding: "utf8", recursive: true });
  const blocks = files
    .filter((file) => file.endsWith(".tf"))
    .flatMap((file) => [
      ...read(file).matchAll(/^resource "(aws_(?:vpc_)?security_group\w*)" "(\w+)" \{\n(.*?)^\}/gms),
    ])
    .map(([, type = "", name = "", body = ""]) => ({
      address: `${type}.${name}`,
      // Without comments and, in its texts, without the parts that Terraform fills in.
      body: body.replaceAll(/^\s*#.*$/gm, "").replaceAll(/\$\{[^}]*\}/g, ""),
    }));

  it("are found", () => {
    expect(blocks.length).toBeGreaterThan(5);
  });

  it.each(blocks)("$address has a description that EC2 accepts", ({ body }) => {
    const [, description = ""] = /^ *description += (.+)$/m.exec(body) ?? [];
    // A description that comes from for_each is one of the block's other texts.
    expect(description).toMatch(/^(".*"|each\.value)$/);
    const texts = [...body.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text);
    expect(texts.filter((text) => !EC2_DESCRIPTION.test(text))).toEqual([]);
  });
});
