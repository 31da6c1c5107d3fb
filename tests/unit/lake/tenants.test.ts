/** The list of tenants: read whole, or refused with everything that is wrong with it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import Ajv from "ajv";

import { parseLakeSettings, parseRefineSettings } from "../../../src/lake/settings";
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
  ["an id with a hyphen at its end", [{ ...tenant, id: "first-" }], "0.id: expected lower-case"],
  ["an id with a hyphen at its start", [{ ...tenant, id: "-first" }], "0.id: expected lower-case"],
  ["an id with two hyphens", [{ ...tenant, id: "a--b" }], "0.id: expected lower-case"],
  ["a bank's id below zero", [{ ...tenant, bankId: -1 }], "0.bankId: expected a bank's id"],
  ["a bank's id with a fraction", [{ ...tenant, bankId: 1.5 }], "0.bankId: expected a whole number"],
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

it("everything that is wrong with a list is in one error, which says where to look", () => {
  const file = fileOf([{ ...tenant, id: "A", bankId: 2, name: "" }, tenant]);
  expect(thrownBy(() => readTenants(file))).toMatchObject({
    name: "ConfigError",
    message: `wrong list of tenants ${file}: 0.id: expected lower-case letters and digits, with single hyphens between them; 0.name: expected a text that is not empty`,
    hint: "Correct the list; docs/tenants.schema.json describes it.",
  });
  const twice = fileOf([tenant, { ...tenant, bankId: 2 }]);
  expect(thrownBy(() => readTenants(twice))).toMatchObject({
    message: `wrong list of tenants ${twice}: two tenants have the same id`,
  });
});

it("a list that is no JSON has the reason as its cause", () => {
  expect(thrownBy(() => readTenants(fileOf("[")))).toMatchObject({
    cause: expect.any(SyntaxError) as object,
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

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

it("settings have what every run of the lake needs, and what is left out has its default", () => {
  const few = parseLakeSettings(environment);
  expect(few).toMatchObject({ lineageTable: "lineage", topicArn: undefined, intake: undefined });
  const options = { kmsKeyId: undefined, forcePathStyle: false, heldBytes: 0 };
  expect(few.source).toEqual({ bucket: { bucket: "extracts", ...options }, prefix: "" });
  const topic = "arn:aws:sns:eu-central-1:123456789012:lake";
  const all = parseLakeSettings({
    ...{ ...environment, EXTRACT_PREFIX: "loans", INTAKE_BUCKET: "intake", LAKE_TOPIC_ARN: topic },
    S3_FORCE_PATH_STYLE: "true",
  });
  expect(all).toMatchObject({ topicArn: topic, intake: { bucket: "intake", forcePathStyle: true } });
  expect(all.source.prefix).toBe("loans/");
  expect(all.bucketNamed("any")).toEqual({ ...options, bucket: "any", forcePathStyle: true });
});

it("settings of own files need no extracts, and may name a topic for people", () => {
  const { EXTRACT_BUCKET: _, ...without } = environment;
  expect(parseRefineSettings(without)).toMatchObject({ notifyTopicArn: undefined, lineageTable: "lineage" });
  const topic = "arn:aws:sns:eu-central-1:123456789012:people";
  const { notifyTopicArn, tenants } = parseRefineSettings({ ...without, NOTIFY_TOPIC_ARN: topic });
  expect([notifyTopicArn, tenants.length]).toEqual([topic, 4]);
  expect(() => parseRefineSettings({ ...without, NOTIFY_TOPIC_ARN: "people" })).toThrow(
    "NOTIFY_TOPIC_ARN: expected the ARN of an SNS topic",
  );
});

it("the pattern of the buckets' names has the tenant's id as often as it names it", () => {
  const settings = parseLakeSettings({ ...environment, LAKE_BUCKETS: "{tenant}.lake-{tenant}" });
  expect(settings.bucketOf({ id: "a" }).bucket).toBe("a.lake-a");
  expect(() => parseLakeSettings({ ...environment, LAKE_BUCKETS: "Lake-{tenant}" })).toThrow(
    "LAKE_BUCKETS: expected a bucket's name with {tenant} in the place of the tenant's id",
  );
});

it("a dataset that there is not is refused", () => {
  const file = fileOf([{ ...tenant, datasets: ["nothing"] }]);
  expect(() => parseLakeSettings({ ...environment, LAKE_TENANTS_FILE: file })).toThrow(
    "the list of tenants has datasets that there are not: nothing",
  );
  const two = fileOf([
    { ...tenant, datasets: ["a", "loans", "b"] },
    { ...tenant, id: "o", bankId: 2, datasets: ["a"] },
  ]);
  expect(thrownBy(() => parseLakeSettings({ ...environment, LAKE_TENANTS_FILE: two }))).toMatchObject({
    name: "ConfigError",
    message: "the list of tenants has datasets that there are not: a, b",
    hint: "Correct the list; the datasets are loan_moving_average, loan_detail, clients, accounts, loans, transactions.",
  });
});
