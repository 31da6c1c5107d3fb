/**
 * A run of the lake ends at any step without a chance to clear up. What a tenant's queries see is then whole; the next
 * run completes the month and its lineage; and the first run does no harm if it was only frozen and wakes up later.
 */
import { createHash } from "node:crypto";

import { addMonths, type Month } from "../../../src/platform/month";
import { readTenants, type Tenant } from "../../../src/lake/tenants";
import type { LakeStep } from "../../../src/lake/lake-month";
import { FrozenRun } from "../../support/frozen-run";
import { LakeWorld } from "../../support/lake-world";

jest.setTimeout(60_000);

const dataset = "loan_moving_average";
// Two of the four banks have the dataset, so that one can be ahead of the other.
const tenants = readTenants(undefined).map((tenant, index) => ({
  ...tenant,
  datasets: index < 2 ? [dataset] : [],
}));
const readers = tenants.slice(0, 2);

let lake: LakeWorld;
let month = "2024-01" as Month;
beforeAll(async () => (lake = await LakeWorld.create("seeded", tenants)));
afterAll(() => lake.close());
// Each test has a month of its own.
beforeEach(() => (month = addMonths(month, 1)));

const bring = (observe?: FrozenRun["observe"]) =>
  lake.run({ month, dataset }, observe === undefined ? {} : { observe });

async function restate(): Promise<void> {
  await lake.world.sql("update loans set amount = amount + 100 where loan_date >= $1 and loan_date < $2", [
    `${month}-01`,
    `${addMonths(month, 1)}-01`,
  ]);
  await lake.world.run({ month, restate: true });
}

/** The SHA-256 of the source of each reader's files, which the file's key contains and its footer states. */
async function seen(): Promise<(string | undefined)[]> {
  return Promise.all(
    readers.map(async (tenant) => {
      const files = await lake.listed(tenant, dataset, month);
      expect(files.length).toBeLessThanOrEqual(1);
      const [file] = files;
      if (file === undefined) return undefined;
      const rows = await lake.query(
        tenant,
        dataset,
        month,
        "select count(*), sum(loan_total)::varchar from file0",
      );
      expect(rows?.[0]?.[0]).toBeGreaterThan(0n);
      return /([0-9a-f]{64})\.parquet$/.exec(file.key)?.[1];
    }),
  );
}

/** What the manifest says now. */
async function published(): Promise<(string | undefined)[]> {
  const { files } = await lake.world.manifest(month);
  return readers.map(({ bankId }) => files.find((file) => file.bankId === bankId)?.sha256);
}

/** The month is there as it is published, with its lineage, and nothing else is. */
async function expectInOrder(): Promise<void> {
  const { revision, state } = await lake.world.manifest(month);
  expect(await seen()).toEqual(await published());
  const { month: record, files } = await lake.recorded(dataset, month);
  expect(record).toMatchObject({ revision, state });
  expect(record?.objects.map(({ tenant }) => tenant)).toEqual(
    state === "withdrawn" ? [] : readers.map(({ id }) => id),
  );
  for (const [index, { bucket, key }] of (record?.objects ?? []).entries()) {
    const sha256 = createHash("sha256")
      .update((await lake.bytes(bucket, key)) ?? "")
      .digest("hex");
    expect(files[index]?.map(({ object }) => object.sha256)).toEqual([sha256]);
  }
  for (const tenant of readers) {
    expect(await keysOf(tenant)).toEqual((await lake.listed(tenant, dataset, month)).map(({ key }) => key));
    expect(await lake.openUploads(tenant)).toEqual([]);
  }
}

const keysOf = (tenant: Tenant) =>
  lake.keys(tenant, `analytics-ready/${dataset}/year=${month.slice(0, 4)}/month=${month.slice(5)}/`);

type Point = readonly [step: LakeStep, nth: number];

/** Freezes a run at the point, and shows that each reader sees what it saw before, or what is published now. */
async function freeze(
  [step, nth]: Point,
  before: readonly (string | undefined)[],
): Promise<() => Promise<void>> {
  const frozen = new FrozenRun(step, nth);
  const run = bring(frozen.observe).then(
    () => undefined,
    (error: unknown) => error,
  );
  await frozen.frozen;
  const now = await published();
  for (const [index, sha256] of (await seen()).entries())
    expect([before[index], now[index]]).toContain(sha256);
  return async () => {
    frozen.wake();
    const end = await run;
    if (end !== undefined) expect(end).toMatchObject({ name: "ConflictError", retry: true });
  };
}

const nothing = readers.map(() => undefined);

describe.each<Point>([
  ["staged", 2],
  ["completed", 1],
  ["proven", 2],
  ["recorded", 2],
  ["listed", 1],
  ["listed", 2],
  ["month recorded", 1],
])("a run that ends when it is at '%s' (%i)", (...point) => {
  it("leaves a month that the next run completes, and does no harm if it wakes up then", async () => {
    await lake.world.run({ month });
    const wake = await freeze(point, nothing);
    await bring();
    await wake();
    expect(await seen()).toEqual(await published());
    await bring();
    await expectInOrder();
  });

  it("leaves a restated month old or new for each reader, and the next run completes it", async () => {
    await lake.world.run({ month });
    await bring();
    const before = await seen();
    await restate();
    const wake = await freeze(point, before);
    await bring();
    await wake();
    expect(await seen()).toEqual(await published());
    await bring();
    await expectInOrder();
  });
});

it.each<Point>([
  ["listed", 1],
  ["listed", 2],
  ["month recorded", 1],
  ["cleaned", 1],
])("a withdrawal that ends when it is at '%s' (%i) is completed by the next run", async (...point) => {
  await lake.world.run({ month });
  await bring();
  const before = await seen();
  await lake.world.withdraw({ month, by: "a.person", reason: "test data" });
  const wake = await freeze(point, before);
  await bring();
  await wake();
  await expectInOrder();
  expect(await seen()).toEqual(nothing);
});

it.each<Point>([
  ["recorded", 2],
  ["listed", 1],
  ["listed", 2],
  ["announced", 1],
  ["month recorded", 1],
  ["cleaned", 1],
])("a run frozen when it is at '%s' (%i) does no harm to a later revision", async (...point) => {
  await lake.world.run({ month });
  await bring();
  const before = await seen();
  await restate();
  const wake = await freeze(point, before);
  await restate();
  await bring();
  await wake();
  expect(await seen()).toEqual(await published());
  const { revision } = await lake.world.manifest(month);
  expect((await lake.recorded(dataset, month)).month).toMatchObject({ revision });
  await bring();
  await expectInOrder();
});
