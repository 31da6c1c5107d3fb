/** Deliveries that intake has accepted, on their way into the lake. */
import { loans } from "../../../src/lake/datasets/deliveries";
import { parseReportKey } from "../../../src/lake/deliveries/accepted-delivery";
import { isPending } from "../../../src/lake/deliveries/delivery";
import { bringDeliveries, bringDelivery, deliveriesByMonth } from "../../../src/lake/deliveries/run";
import { verifyDeliveryMonth } from "../../../src/lake/deliveries/verification";
import { originOf } from "../../../src/lake/origin";
import type { Tenant } from "../../../src/lake/tenants";
import { parquetFile, type TextRow } from "../../../src/platform/format/parquet";
import { readParquet } from "../../../src/platform/format/parquet-reader";
import type { Month } from "../../../src/platform/month";
import {
  collected,
  failureOf,
  first,
  LakeInMemory,
  second,
  sha256,
  third,
} from "../../support/lake-in-memory";

const month = "2026-09" as Month;
const list = "tables/loans/year=2026/month=09/symlink.txt";

let world: LakeInMemory;
beforeEach(() => (world = new LakeInMemory()));

interface Sent {
  readonly bank?: number;
  readonly feed?: string;
  readonly day?: string;
  readonly rows?: readonly TextRow[];
  /** Changes of the report. */
  readonly change?: object;
}

/** Archives a delivery as intake does, with two loans. @returns the report's key. */
async function send({ bank = 1, feed = "loans", day = "10", rows, change = {} }: Sent = {}): Promise<string> {
  const given = rows ?? [
    ["1", "10", "100", "2026-09-01"],
    ["2", null, "100", null],
  ];
  const bytes = await collected(parquetFile(loans.fileColumns, [given]));
  const id = sha256(`${bank} ${feed} ${day}`).slice(0, 32);
  const name = `archive/bank-${bank}/${feed}_202609${day}T220000Z.${id}`;
  const stageKey = `stage/${id}.parquet`;
  const { versionId } = world.bucket("intake").write(stageKey, bytes);
  const content = `loans of ${bank} on ${day}`;
  const file = world.bucket("intake").write(`${name}.txt`, content);
  const report = {
    ...{ schemaVersion: 1, outcome: "loaded", file: { key: `${name}.txt`, versionId: file.versionId } },
    ...{ sha256: sha256(content), feed, businessTime: `2026-09-${day}T22:00:00Z`, bankId: bank },
    ...{ loadNumber: day, rejectedRecords: 0, figures: [{ name: "control total", stated: "10" }] },
    stage: {
      ...{ key: stageKey, versionId, rowCount: given.length },
      ...{ byteCount: bytes.byteLength, sha256: sha256(bytes) },
    },
    ...change,
  };
  world.bucket("intake").write(`${name}.report.json`, JSON.stringify(report));
  return `${name}.report.json`;
}

const names = async () => (await deliveriesByMonth(world.lake, loans)).get(month) ?? [];
const bring = async (remake = false) => bringDeliveries(world.lake, loans, month, await names(), remake);
const verify = async () => verifyDeliveryMonth(world.lake, loans, month, await names());
const recordOf = (key: string, bank = 1) =>
  world.records.of(`deliveries/intake/bank-${bank}/loans/2026-09`, key);
const parquetOf = (day = "10", bank = 1) =>
  `analytics-ready/loans/year=2026/month=09/${sha256(`loans of ${bank} on ${day}`)}.parquet`;
const steps = () => world.events.splice(0).map(({ step }) => step);

/** With other tenants, the same buckets and records. */
const withTenants = (...tenants: readonly Tenant[]) => ({
  ...world.lake,
  settings: { ...world.lake.settings, tenants },
});

describe("a delivery that was accepted", () => {
  it("is in its month with its time and number, and is announced", async () => {
    const key = await send();
    const object = { tenant: "first", bucket: "lake-first", key: parquetOf(), rowCount: 2 };
    expect(await bring()).toEqual({ dataset: "loans", month, status: "published", objects: [object] });
    const bucket = world.of(first);
    expect(bucket.keys).toEqual([parquetOf(), list]);
    expect(bucket.text(list)).toBe(`s3://lake-first/${parquetOf()}\n`);
    const { byteCount = 0 } = (await bucket.versions.find(parquetOf(), null)) ?? {};
    const columns: unknown[][] = [];
    const slice = async (from: number, end: number) =>
      (await bucket.objects.readRange(parquetOf(), null, from, end)) ?? Buffer.of();
    await readParquet({ byteLength: byteCount, slice }, loans.columns, (at, values) => {
      columns[at] = [...values];
    });
    const microseconds = BigInt(Date.parse("2026-09-10T22:00:00Z")) * 1000n;
    expect(columns[0]).toEqual([microseconds, microseconds]);
    expect(columns.slice(1)).toEqual([
      [10n, 10n],
      [1, 2],
      [10, null],
      [100, 100],
      [20697, null],
    ]);
    expect(recordOf(key)).toEqual({
      ...{ schemaVersion: 1, revision: 2, outcome: "accepted", tenant: "first" },
      ...{ runId: "run-1", recordedAt: "2026-10-05T10:00:00.000Z" },
    });
    const [message] = world.messages;
    expect(JSON.parse(message?.message ?? "")).toEqual({
      ...{ tenant: "first", file: `s3://intake/${key.replace("report.json", "txt")}`, dataset: "loans" },
      ...{ status: "accepted", month, rowCount: 2, runId: "run-1" },
    });
  });

  it("takes its steps in order, and is taken once; again if that is asked for", async () => {
    const key = await send();
    await bring();
    const event = { dataset: "loans", month, tenant: "first", key };
    const all = ["completed", "proven", "recorded", "entered", "listed", "announced", "settled"] as const;
    expect(world.events).toEqual(all.map((step) => ({ step, ...event })));
    steps();
    expect(await bring()).toEqual({ dataset: "loans", month, status: "unchanged", objects: [] });
    expect(steps()).toEqual([]);
    expect(await bring(true)).toMatchObject({ status: "published", objects: [{ tenant: "first" }] });
    expect(steps()).toEqual(all);
  });

  it("leads back to the file in archive/, by the rows in stage/", async () => {
    await send();
    await bring();
    const { contents } = await originOf(world.lake, `s3://lake-first/${parquetOf()}`);
    expect(contents).toMatchObject([
      {
        ...{ tenant: "first", rowCount: 2, totals: { controlTotal: "10" }, present: "as recorded" },
        parents: [
          {
            ...{ bucket: "intake", present: "as recorded" },
            key: expect.stringMatching(/^stage\//) as string,
            versionId: "intake-1",
            parents: [
              {
                key: expect.stringMatching(/^archive\/.*\.txt$/) as string,
                ...{ versionId: "intake-1", present: "as recorded" },
              },
            ],
          },
        ],
      },
    ]);
  });

  it("whose content another has brought is recorded, and brings nothing", async () => {
    const key = await send({ change: { outcome: "unchanged", stage: undefined } });
    expect(await bring()).toMatchObject({ status: "unchanged", objects: [] });
    expect(recordOf(key)).toMatchObject({ outcome: "repeated", revision: 2, tenant: "first" });
    expect(steps()).toEqual(["settled"]);
    expect(world.messages).toEqual([]);
  });

  it("of a tenant that doesn't have the dataset comes when it does", async () => {
    const key = await send({ bank: 3 });
    expect(await bring()).toMatchObject({ status: "unchanged", objects: [] });
    expect(recordOf(key, 3)).toMatchObject({ outcome: "unwanted", revision: 1, tenant: "third" });
    expect(world.of(third).keys).toEqual([]);
    steps();
    await bring();
    expect(steps()).toEqual([]);
    const lake = withTenants(first, second, { ...third, datasets: ["loans"] });
    expect(await bringDeliveries(lake, loans, month, await names(), false)).toMatchObject({
      ...{ status: "published", objects: [{ tenant: "third" }] },
    });
    // A run with the older list does not take it back.
    await bring(true);
    expect(recordOf(key, 3)).toMatchObject({ outcome: "accepted" });
  });

  it("whose rows have expired is said to be gone, once", async () => {
    const key = await send();
    for (const each of world.bucket("intake").keys)
      if (each.startsWith("stage/")) world.bucket("intake").erase(each);
    expect(await bring()).toEqual({
      ...{ dataset: "loans", month, status: "unchanged", objects: [], goneCount: 1 },
    });
    expect(recordOf(key)).toMatchObject({ outcome: "gone", revision: 1 });
    expect(await bring()).toEqual({ dataset: "loans", month, status: "unchanged", objects: [] });
  });

  it("with a bank without a tenant fails, and stops no other", async () => {
    const stranger = await send({ bank: 9 });
    await send({ day: "11" });
    expect(await failureOf(bring())).toMatchObject({
      name: "ConfigError",
      message: `no tenant has the bank 9 of s3://intake/${stranger}`,
      hint: "Add the bank to tenants.json, apply Terraform and deploy; a tenant may have no datasets. Nothing was written.",
    });
    expect(world.of(first).text(list)).toContain(parquetOf("11"));
  });

  it("gets a list again that is gone", async () => {
    await send();
    await bring();
    world.of(first).erase(list);
    expect(await bring()).toEqual({ dataset: "loans", month, status: "published", objects: [] });
    expect(world.of(first).text(list)).toContain(parquetOf());
  });
});

describe("a delivery that is not what its report says", () => {
  const failed = async () => {
    const failure = await failureOf(bring());
    expect(world.of(first).keys.filter((key) => key.startsWith("tables/"))).toEqual([]);
    return failure;
  };

  it("has other rows in stage/", async () => {
    const key = await send();
    const { stage } = JSON.parse(world.bucket("intake").text(key) ?? "") as {
      stage: { key: string; sha256: string };
    };
    const change = { stage: { ...stage, rowCount: 2, byteCount: 9, versionId: "intake-2" } };
    world.bucket("intake").write(stage.key, "other rows");
    world
      .bucket("intake")
      .write(
        key,
        JSON.stringify({ ...(JSON.parse(world.bucket("intake").text(key) ?? "") as object), ...change }),
      );
    expect(await failed()).toMatchObject({
      name: "ReconciliationError",
      message: `s3://intake/${stage.key} has the SHA-256 ${sha256("other rows")}, its report says ${stage.sha256}`,
      hint: "Find out who else writes to intake's bucket. Nothing of the delivery is in the lake.",
    });
  });

  it("has another control total than the bank has stated", async () => {
    await send({ change: { figures: [{ name: "control total", stated: "11" }] } });
    expect(await failed()).toMatchObject({
      name: "ReconciliationError",
      message: expect.stringMatching(/: controlTotal is 10, the delivery's report says 11$/) as string,
    });
  });

  it.each<[string, object]>([
    ["records were rejected, which the total has", { rejectedRecords: 1 }],
    ["another figure is stated", { figures: [{ name: "records", stated: "11" }] }],
    ["no figure is stated", { figures: undefined }],
  ])("may have another total if %s", async (_, change) => {
    await send({ change: { figures: [{ name: "control total", stated: "11" }], ...change } });
    expect(await bring()).toMatchObject({ status: "published" });
  });

  it("has no report, or one that is not of an accepted delivery", async () => {
    await send();
    const [name] = await names();
    if (name === undefined) throw new Error("there is no delivery");
    const uri = `s3://intake/${name.key}`;
    const wrong = async () => failureOf(bringDeliveries(world.lake, loans, month, [name], false));
    const expected = (problem: string) => ({
      name: "StorageError",
      message: `${uri} is not the report of an accepted delivery: ${problem}`,
      hint: "Restore an earlier version of the object. Nothing was written to the lake.",
      retry: false,
    });
    world.bucket("intake").write(name.key, '{"schemaVersion": 2, "outcome": "rejected"}');
    const { message } = (await wrong()) as Error;
    expect(message).toContain(expected("").message);
    expect(message).toMatch(/schemaVersion: .*; outcome: .*; sha256: /);
    world.bucket("intake").erase(name.key);
    expect(await wrong()).toMatchObject(expected("report: there is no such object"));
  });
});

describe("a month of deliveries", () => {
  it("is missing if there are none", async () => {
    expect(await bring()).toEqual({ dataset: "loans", month, status: "missing", objects: [] });
  });

  it("has those of its own feed, and months come in order", async () => {
    const key = await send();
    await send({ feed: "clients" });
    const of = (time: string) => key.replace("20260910T220000Z", time);
    for (const time of ["20261110T220000Z", "20251231T000000Z", "20261001T000000Z", "20261001T000001Z"])
      world.bucket("intake").write(of(time), "");
    world.bucket("intake").write(key.replace("archive", "elsewhere"), "");
    const months = await deliveriesByMonth(world.lake, loans);
    expect([...months].map(([each, found]) => [each, found.map((name) => name.key)])).toEqual([
      ["2025-12", [of("20251231T000000Z")]],
      ["2026-09", [key, of("20261001T000000Z")]],
      ["2026-10", [of("20261001T000001Z")]],
      ["2026-11", [of("20261110T220000Z")]],
    ]);
  });
});

describe("the key of a report", () => {
  const id = "0123456789abcdef".repeat(2);
  const key = `archive/bank-1/loans_20260910T220000Z.${id}.report.json`;

  it("says whose it is, of which feed and month", () => {
    expect(parseReportKey(key)).toEqual({ key, folder: "bank-1", feed: "loans", month });
  });

  it.each([
    ["a folder before archive/", `old/${key}`],
    ["no folder of a bank", key.replace("bank-1/", "")],
    ["a folder too many", key.replace("bank-1", "bank-1/a")],
    ["a feed in capitals", key.replace("loans", "Loans")],
    ["a day that is none", key.replace("20260910", "20260932")],
    ["an hour that is none", key.replace("T22", "T25")],
    ["a short id", key.replace(id, id.slice(1))],
    ["an id in capitals", key.replace(id, id.toUpperCase())],
    ["another ending", `${key}.old`],
    ["that of the rejected records", key.replace("report.json", "rejected.csv")],
  ])("is none with %s", (_, other) => {
    expect(parseReportKey(other)).toBeUndefined();
  });
});

describe("a message about a delivery", () => {
  const bringIt = (key: string, bucket = "intake") => bringDelivery(world.lake, { bucket, key });

  it("brings it, and nothing the second time", async () => {
    const key = await send();
    await send({ day: "11" });
    expect(await bringIt(key)).toMatchObject({ status: "published", objects: [{ key: parquetOf() }] });
    expect(world.of(first).text(list)).toBe(`s3://lake-first/${parquetOf()}\n`);
    steps();
    expect(await bringIt(key)).toEqual({ dataset: "loans", month, status: "unchanged", objects: [] });
    expect(steps()).toEqual([]);
  });

  it("of a feed without a dataset is passed over", async () => {
    expect(await bringIt(await send({ feed: "others" }))).toBeUndefined();
  });

  it.each([
    ["archive/a.txt", "intake"],
    [`archive/bank-1/loans_20260910T220000Z.${"a".repeat(32)}.report.json`, "another"],
  ])("about %s in %s is refused", async (key, bucket) => {
    expect(await failureOf(bringIt(key, bucket))).toMatchObject({
      name: "RequestError",
      message: `s3://${bucket}/${key} is not a report below s3://intake/archive/`,
      hint: "Find out what else writes to the queue, and remove the message from the dead-letter queue.",
    });
  });

  it("to a stage without intake is refused", async () => {
    const lake = { ...world.lake, settings: { ...world.lake.settings, intake: undefined } };
    expect(await failureOf(bringDelivery(lake, { bucket: "intake", key: "a" }))).toMatchObject({
      name: "ConfigError",
      message: "wrong settings: INTAKE_BUCKET: missing",
      hint: "Set it to the bucket where intake archives deliveries.",
    });
  });
});

it.each([
  [undefined, "first", true],
  ["accepted", "first", false],
  ["repeated", "first", false],
  ["gone", "first", false],
  ["unwanted", "first", true],
  ["unwanted", "third", false],
  ["unwanted", "a tenant that has left", false],
] as const)("of a delivery that is %s, of %s, something is left to do: %s", (outcome, tenant, expected) => {
  const record = outcome && {
    ...{ schemaVersion: 1 as const, revision: 1, outcome, tenant, runId: "", recordedAt: "" },
  };
  expect(isPending(world.lake, "loans", record)).toBe(expected);
});

describe("a month of deliveries is verified", () => {
  const found = { dataset: "loans", month };

  it("as there, also when intake's objects have expired", async () => {
    const key = await send();
    await bring();
    expect(await verify()).toEqual({ ...found, status: "verified", problems: [] });
    for (const each of world.bucket("intake").keys) if (each !== key) world.bucket("intake").erase(each);
    expect(await verify()).toEqual({ ...found, status: "verified", problems: [] });
  });

  it("as missing while a delivery is, and as damaged if something else is wrong as well", async () => {
    await send();
    await bring();
    const missing = await send({ day: "11" });
    const problem = `the lake does not have the delivery of s3://intake/${missing}`;
    expect(await verify()).toEqual({ ...found, status: "missing", problems: [problem] });
    world.of(first).erase(list);
    expect(await verify()).toEqual({
      ...{ ...found, status: "damaged" },
      problems: [`s3://lake-first/${list} does not name the month's files`, problem],
    });
  });

  it("as damaged while a delivery is not settled, or its source is not a report", async () => {
    const key = await send();
    world.observe = ({ step }) => {
      if (step === "announced") throw new Error("died");
    };
    await failureOf(bring());
    const { problems } = await verify();
    expect(problems).toEqual([
      `s3://intake/${key} of first is not settled`,
      `the lake does not have the delivery of s3://intake/${key}`,
    ]);
    world.observe = () => undefined;
    await bring();
    const entry = { revision: 1, key: parquetOf() };
    await world.records.table.put(`entries/first/loans/2026-09`, "by hand", entry, { if: "first" });
    expect(await verify()).toMatchObject({
      ...{ status: "damaged", problems: ["by hand of first is not settled"] },
    });
  });
});
