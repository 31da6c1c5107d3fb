/** The list of tenants: read whole, or refused with everything that is wrong with it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import Ajv from "ajv";

import { parseLakeSettings } from "../../../src/lake/settings";
import { readTenants } from "../../../src/lake/tenants";
import { ConfigError } from "../../../src/platform/errors";
import schema from "../../../docs/tenants.schema.json";

const tenant = { id: "first-national", bankId: 1, name: "First National", datasets: ["loan_detail"] };

let directory: string;
beforeEach(() => (directory = mkdtempSync(path.join(os.tmpdir(), "tenants-"))));
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function fileOf(content: unknown): string {
  const file = path.join(directory, "tenants.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const bySchema = new Ajv().compile(schema);

it("the project's list is right, and so it is by its schema", () => {
  const tenants = readTenants(undefined);
  expect(tenants.map(({ bankId }) => bankId)).toEqual([1, 2, 3, 4]);
  expect([bySchema(tenants), bySchema.errors]).toEqual([true, null]);
});

it.each<[string, unknown, string]>([
  ["no list", { tenants: [] }, "expected a list of tenants"],
  [
    "an id that can't be in a bucket's name",
    [{ ...tenant, id: "First_National" }],
    "0.id: expected lower-case",
  ],
  ["an id that is too long", [{ ...tenant, id: "a".repeat(25) }], "0.id: expected at most 24"],
  ["a bank's id as text", [{ ...tenant, bankId: "1" }], "0.bankId: expected a number"],
  ["no name", [{ ...tenant, name: "" }], "0.name: expected a text that is not empty"],
  [
    "a dataset twice",
    [{ ...tenant, datasets: ["loan_detail", "loan_detail"] }],
    "0.datasets: names a dataset twice",
  ],
  ["an unknown entry", [{ ...tenant, bucket: "mine" }], "0.bucket"],
])("%s is refused by the program and by the schema", (_, content, problem) => {
  expect(() => readTenants(fileOf(content))).toThrow(problem);
  expect(bySchema(content)).toBe(false);
});

it.each<[string, unknown, string]>([
  ["the same id twice", [tenant, { ...tenant, bankId: 2 }], "two tenants have the same id"],
  ["the same bank twice", [tenant, { ...tenant, id: "other" }], "two tenants have the same bankId"],
  ["no JSON", "[", "JSON"],
])("%s is refused", (_, content, problem) => {
  expect(() => readTenants(fileOf(content))).toThrow(ConfigError);
  expect(() => readTenants(fileOf(content))).toThrow(problem);
});

const environment = {
  EXTRACT_BUCKET: "extracts",
  LAKE_BUCKETS: "lake-{tenant}",
  LAKE_LINEAGE_TABLE: "lineage",
};

it("each tenant has a bucket of its own", () => {
  const { tenants, bucketOf } = parseLakeSettings(environment);
  expect(tenants.map((each) => bucketOf(each).bucket)).toContain("lake-paper-bank");
});

it.each<[string, Record<string, string>, string]>([
  [
    "buckets without {tenant}",
    { LAKE_BUCKETS: "lake" },
    "LAKE_BUCKETS: expected a bucket's name with {tenant}",
  ],
  ["no table", { LAKE_LINEAGE_TABLE: "" }, "LAKE_LINEAGE_TABLE: missing"],
])("settings with %s are refused", (_, wrong, problem) => {
  expect(() => parseLakeSettings({ ...environment, ...wrong })).toThrow(problem);
});

it("a dataset that there is not is refused", () => {
  const file = fileOf([{ ...tenant, datasets: ["nothing"] }]);
  expect(() => parseLakeSettings({ ...environment, LAKE_TENANTS_FILE: file })).toThrow(
    "the list of tenants has datasets that there are not: nothing",
  );
});
