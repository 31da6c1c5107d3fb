/** `infra-terraform` repeats parts of the program, which must agree: the extracts' columns, the Glue job's files. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { extractNamed, extractNames } from "../../../src/extract/definitions/index";
import { datasets } from "../../../src/lake/datasets";
import type { ColumnType } from "../../../src/platform/columns";
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

it("infra-terraform has exactly one table for each extract", () => {
  expect(tables.map(({ name }) => name)).toEqual(extractNames);
});

it.each(tables)(
  "the table $name has the columns of its files, in the same order, and their folder",
  (table) => {
    expect(table).toEqual({
      name: table.name,
      folder: extractNamed(table.name)?.folder,
      columns: extractNamed(table.name)?.columns.map(({ name }) => name),
    });
  },
);

/** The types of Athena. Source: Amazon Athena User Guide, "Data types in Amazon Athena". */
function athenaType(type: ColumnType): string {
  if (type.startsWith("text")) return "string";
  return { int32: "int", int64: "bigint" }[type as string] ?? type;
}

it("infra-terraform has the lake's datasets, with their columns and types in the same order", () => {
  expect(JSON.parse(read("datasets.json"))).toEqual(
    Object.fromEntries(
      datasets.map(({ name, columns }) => [
        name,
        columns.map((column) => ({ name: column.name, type: athenaType(column.type) })),
      ]),
    ),
  );
});

it.each([
  ["serverless.yml", /functions += \{ for function in (\[[^\]]*\])/],
  ["serverless.backfill.yml", /backfill_functions += (\[[^\]]*\])/],
  ["serverless.intake.yml", /intake_functions += (\[[^\]]*\])/],
  ["serverless.lake.yml", /lake_functions += (\[[^\]]*\])/],
])("infra-terraform has a log group for each function of %s, which makes none itself", (file, list) => {
  const { functions } = parse(readFileSync(path.join(ROOT, file), "utf8"), { merge: true }) as {
    functions: Readonly<Record<string, { disableLogs?: boolean }>>;
  };
  const [, names = ""] = list.exec(read("main.tf")) ?? [];
  expect((JSON.parse(names) as string[]).sort()).toEqual(Object.keys(functions).sort());
  expect(Object.values(functions).map(({ disableLogs }) => disableLogs)).not.toContain(undefined);
});

/** The names of the SSM parameters that Terraform writes, with all options. */
const written = ["parameters.tf", "intake.tf"].flatMap((file) =>
  [...read(file).matchAll(/^ {4}"([a-z-]+)" += /gm)].map(([, name]) => name),
);

it("infra-terraform writes exactly the parameters that the serverless files read", () => {
  const names = [
    "serverless.yml",
    "serverless.backfill.yml",
    "serverless.intake.yml",
    "serverless.lake.yml",
  ].flatMap((file) => {
    const { resources } = parse(readFileSync(path.join(ROOT, file), "utf8"), { merge: true }) as {
      resources: { Parameters: Readonly<Record<string, { Default: string }>> };
    };
    return Object.values(resources.Parameters).map(({ Default }) => path.basename(Default));
  });
  expect([...written].sort()).toEqual([...new Set(names)].sort());
});

it("infra-terraform uploads exactly the files that the Glue job reads", () => {
  const uploaded = [...read("glue.tf").matchAll(/"\$\{path\.module\}\/\.\.\/(?:sql\/extract\/)?([\w.]+)"/g)];
  const used = [...read("glue/loan_moving_average.py").matchAll(/"(\w+\.(?:sql|json))"/g)];
  const names = (found: RegExpMatchArray[]) => [...new Set(found.map(([, name]) => name))].sort();
  expect(names(uploaded)).toEqual(names(used));
});

/**
 * EC2 rejects descriptions with other characters. Neither Terraform nor Moto checks them.
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
      // Without comments and without the interpolated parts of strings.
      body: body.replaceAll(/^\s*#.*$/gm, "").replaceAll(/\$\{[^}]*\}/g, ""),
    }));

  it("are found", () => {
    expect(blocks.length).toBeGreaterThan(5);
  });

  it.each(blocks)("have a description that EC2 accepts: $address", ({ body }) => {
    const [, description = ""] = /^ *description += (.+)$/m.exec(body) ?? [];
    // The description each.value is one of the other strings in the block.
    expect(description).toMatch(/^(".*"|each\.value)$/);
    const strings = [...body.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text);
    expect(strings.filter((text) => !EC2_DESCRIPTION.test(text))).toEqual([]);
  });
});
