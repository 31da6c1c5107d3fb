/** Deliveries that intake has accepted, in the lake: by intake's messages, which come as they like, or without them. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";

import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";

import { readTenants, type Tenant } from "../../../src/lake/tenants";
import { DeliveriesInLake } from "../../support/deliveries-in-lake";
import { fileOf } from "../../support/intake-world";
import { bucketOf } from "../../support/lake-world";

jest.setTimeout(120_000);

const datasets = ["clients", "accounts", "loans"];
const tenants = readTenants(undefined).map((tenant, index) => ({
  ...tenant,
  datasets: index < 2 ? datasets : [],
}));
const [first, second] = tenants as [Tenant, Tenant];

let world: DeliveriesInLake;
const environment = { ...process.env };
beforeAll(async () => {
  world = await DeliveriesInLake.create(tenants);
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

const none = { batchItemFailures: [] };

it("an accepted delivery becomes typed rows in its bank's bucket, with a way back to the file's SHA-256", async () => {
  const sent = {
    ...{ time: "2024-01-31T22:00:00Z", total: 100 },
    details: ["1|100|1000|2024-01-01", "2||1000|"],
  };
  const message = await world.send(sent);
  expect(await world.handle(message)).toEqual(none);

  const sql = `select business_time::varchar, load_number > 0, idloan, amount, account_idaccount, loan_date::varchar,
    typeof(business_time), typeof(amount), typeof(loan_date) from month order by idloan`;
  const types = ["TIMESTAMP WITH TIME ZONE", "INTEGER", "DATE"];
  expect(await world.lake.rows(first, "loans", "2024-01", sql)).toEqual([
    ["2024-01-31 22:00:00+00", true, 1, 100, 1000, "2024-01-01", ...types],
    ["2024-01-31 22:00:00+00", true, 2, null, 1000, null, ...types],
  ]);
  expect(await world.lake.rows(second, "loans", "2024-01", sql)).toBeUndefined();

  const sha256 = createHash("sha256")
    .update(fileOf(sent.details, { ...sent, feed: "loans" }))
    .digest("hex");
  const uri = `s3://${bucketOf(first)}/analytics-ready/loans/year=2024/month=01/${sha256}.parquet`;
  expect(await world.lineage(uri.replace(/^s3:\/\/[^/]+\//, ""))).toEqual(await world.lineage(uri));
  expect((await world.lineage(uri)).filter((line) => /s3:|as recorded/.test(line))).toEqual([
    uri,
    expect.stringContaining("as recorded"),
    expect.stringContaining(`└── s3://intake/${message.stage?.key ?? ""}  version `),
    expect.stringContaining(`SHA-256 ${message.stage?.sha256 ?? ""}  as recorded`),
    expect.stringMatching(/ {4}└── s3:\/\/intake\/archive\/FirstNational\/loans_.*\.dat {2}version /),
    expect.stringContaining(`SHA-256 ${sha256}  as recorded`),
  ]);
  expect(world.announced.at(-1)).toMatchObject({
    ...{ tenant: first.id, dataset: "loans", status: "accepted", month: "2024-01", rowCount: 2 },
  });
  expect(await world.verify("loans", "2024-01")).toMatchObject([{ status: "verified", problems: [] }]);
});

it("names of clients stay in intake", async () => {
  const details = ["101|Ada|Lovelace|10"];
  await world.handle(await world.send({ feed: "clients", time: "2024-01-31T22:00:00Z", details }));
  const [file] = await world.lake.listed(first, "clients", "2024-01");
  expect(
    await world.lake.rows(first, "clients", "2024-01", "select idclient, branch_idbranch from month"),
  ).toEqual([[101, 10]]);
  expect(file?.file.includes("Lovelace")).toBe(false);
});

it("a delivery takes its steps once, in their order; months come in their order, whichever bank is named first", async () => {
  const send = (bank: 1 | 2, month: string) =>
    world.send({ bank, time: `${month}-28T22:00:00Z`, details: [`5${bank}|5|${bank}000|`], total: 5 });
  await send(1, "2023-05");
  await send(2, "2023-06");
  const seen: string[] = [];
  const run = () =>
    world.lake.run(
      { all: true, dataset: "loans" },
      { observe: ({ step, month, tenant = "" }) => void seen.push(`${month} ${tenant}: ${step}`) },
    );
  const months = (await run()).map(({ month, status }) => `${month} ${status}`);
  expect(months).toEqual(["2023-05 published", "2023-06 published", "2024-01 unchanged"]);
  const steps = ["completed", "proven", "recorded", "entered", "listed", "announced", "settled"];
  expect(seen.splice(0)).toEqual([
    ...steps.map((step) => `2023-05 ${first.id}: ${step}`),
    ...steps.map((step) => `2023-06 ${second.id}: ${step}`),
  ]);
  await run();
  expect(seen).toEqual([]);
});

/** The newest record of each loan, as the documents say. */
const newest = `select idloan, amount, account_idaccount, loan_date::varchar from month
  qualify row_number() over (partition by idloan order by business_time desc, load_number desc) = 1 order by idloan`;

it("messages twice, late, swapped and lost end the same, and the newest records are those of the database", async () => {
  const day = (of: number) => `2024-02-${String(of).padStart(2, "0")}`;
  const loan = (id: number, amount: number) => `${id}|${amount}|1000|2024-02-01`;
  const send = (of: number, hour: string, ...amounts: readonly (readonly [number, number])[]) =>
    world.send({
      time: `${day(of)}T${hour}:00:00Z`,
      details: amounts.map(([id, amount]) => loan(id, amount)),
      total: amounts.reduce((sum, [, amount]) => sum + amount, 0),
    });
  await world.deliveries.world.sql("delete from loans");
  const messages = [
    await send(2, "22", [21, 1], [22, 1]),
    await send(5, "22", [21, 5], [23, 5]),
    // Older than what the database has of loan 21.
    await send(3, "22", [21, 3], [24, 3]),
    // The same business time as before: the one that was loaded later counts.
    await send(5, "22", [23, 6]),
    // The same content again.
    await send(5, "22", [23, 6]),
    // The end of the month.
    await world.send({ time: "2024-03-01T00:00:00Z", details: [loan(25, 9)], total: 9 }),
  ];
  expect(messages.map(({ outcome }) => outcome)).toEqual([
    ...["loaded", "loaded", "loaded", "loaded", "unchanged", "loaded"],
  ]);
  const wrong = await world.send({ time: `${day(7)}T22:00:00Z`, details: [loan(26, 1)], total: 2 });
  expect(wrong.outcome).toBe("rejected");

  const lost = messages.slice(2, 4);
  const swapped = [...messages.slice(0, 2), ...messages.slice(4)].reverse();
  expect(await world.handle(...swapped, wrong, ...swapped.slice(0, 1))).toEqual(none);
  expect(await world.lake.listed(first, "loans", "2024-02")).toHaveLength(3);
  expect(await world.handle('{"all":true}')).toEqual(none);
  const count = world.announced.length;
  expect(await world.handle(...messages, ...lost, '{"all":true}')).toEqual(none);
  expect(world.announced).toHaveLength(count);

  const inDatabase = await world.deliveries.world.sql<Record<string, unknown>>(
    "select idloan, amount, account_idaccount, loan_date::text from loans order by 1",
  );
  expect(await world.lake.rows(first, "loans", "2024-02", newest)).toEqual(
    inDatabase.map((row) => Object.values(row)),
  );
  expect(await world.verify("loans", "2024-02")).toMatchObject([{ status: "verified", problems: [] }]);
  expect(await world.lake.run({ month: "2024-02", dataset: "loans" })).toMatchObject([
    { status: "unchanged", objects: [] },
  ]);
});

it("a closed month's deliveries are joined into one file, with all of their rows", async () => {
  const before = await world.lake.rows(first, "loans", "2024-02", "from month order by all");
  expect(await world.compact("2024-02")).toMatchObject({
    done: [{ tenant: first.id, dataset: "loans", status: "compacted", fileCount: 5 }],
    failures: [],
  });
  const [file, ...others] = await world.lake.listed(first, "loans", "2024-02");
  expect(others).toEqual([]);
  expect(await world.lake.rows(first, "loans", "2024-02", "from month order by all")).toEqual(before);
  const lines = await world.lineage(`s3://${bucketOf(first)}/${file?.key ?? ""}`);
  expect(lines.filter((line) => line.includes("/archive/"))).toHaveLength(5);
  expect(await world.verify("loans", "2024-02")).toMatchObject([{ status: "verified", problems: [] }]);
});

const setTenants = (all: readonly Tenant[]) =>
  writeFile(world.lake.environment["LAKE_TENANTS_FILE"] ?? "", JSON.stringify(all));

it("a bank without a tenant fails alone; a tenant that gets the dataset later gets its deliveries", async () => {
  const time = "2024-04-30T22:00:00Z";
  const own = await world.send({ time, details: ["41|4|1000|"], total: 4 });
  const other = await world.send({ time, bank: 2, details: ["42|4|2000|"], total: 4 });
  await setTenants([first]);
  expect(await world.handle(other, own)).toEqual({ batchItemFailures: [{ itemIdentifier: "message-0" }] });
  expect(await world.lake.rows(first, "loans", "2024-04", "select idloan from month")).toEqual([[41]]);
  await setTenants([first, { ...second, datasets: [] }]);
  expect(await world.handle(other)).toEqual(none);
  expect(await world.verify("loans", "2024-04")).toMatchObject([{ status: "verified" }]);
  await setTenants(tenants);
  expect(await world.verify("loans", "2024-04")).toMatchObject([
    {
      status: "missing",
      problems: [expect.stringContaining("does not have the delivery of s3://intake/archive/")],
    },
  ]);
  expect(await world.handle('{"all":true}')).toEqual(none);
  expect(await world.lake.rows(second, "loans", "2024-04", "select idloan from month")).toEqual([[42]]);
});

it("rows that are not those of the report don't get into the lake; rows that have expired are said to be gone", async () => {
  const { s3 } = world.deliveries.world;
  const time = "2024-06-30T22:00:00Z";
  const message = await world.send({ time, details: ["61|6|1000|"], total: 6 });
  const report = await world.lake.bytes("intake", message.report.key);
  const change = async (stage: object) => {
    const content = JSON.parse(report?.toString() ?? "") as { stage: object };
    const Body = JSON.stringify({ ...content, stage: { ...content.stage, ...stage } });
    await s3.send(new PutObjectCommand({ Bucket: "intake", Key: message.report.key, Body }));
  };
  const run = () => world.lake.run({ month: "2024-06", dataset: "loans" });
  for (const wrong of [{ sha256: "0".repeat(64) }, { rowCount: 2 }]) {
    await change(wrong);
    await expect(run()).rejects.toMatchObject({ name: "ReconciliationError" });
    expect(await world.lake.listed(first, "loans", "2024-06")).toEqual([]);
  }
  await change({ versionId: "gone" });
  expect(await run()).toMatchObject([{ status: "unchanged", goneCount: 1 }]);
  expect(await run()).toEqual([expect.not.objectContaining({ goneCount: 1 })]);
  await change({});
  expect(await world.lake.run({ month: "2024-06", dataset: "loans", remake: true })).toMatchObject([
    { status: "published", objects: [{ tenant: first.id, rowCount: 1 }] },
  ]);

  // Rows that expire later are no problem; other bytes in their place are one.
  const { key = "", versionId: VersionId = "" } = message.stage ?? {};
  await s3.send(new DeleteObjectCommand({ Bucket: "intake", Key: key, VersionId: VersionId ?? "" }));
  expect(await world.verify("loans", "2024-06")).toMatchObject([{ status: "verified", problems: [] }]);
  const [file] = await world.lake.listed(first, "loans", "2024-06");
  await s3.send(new PutObjectCommand({ Bucket: bucketOf(first), Key: file?.key ?? "", Body: "by hand" }));
  expect(await world.verify("loans", "2024-06")).toMatchObject([
    { status: "damaged", problems: [expect.stringContaining("which the lineage does not know")] },
  ]);
});

it("a control total that differs from the trailer's doesn't get into the lake", async () => {
  const message = await world.send({ time: "2024-07-31T22:00:00Z", details: ["71|7|1000|"], total: 7 });
  const report = (await world.lake.bytes("intake", message.report.key))?.toString() ?? "";
  const { s3 } = world.deliveries.world;
  const Body = report.replaceAll('"stated": "7"', '"stated": "8"');
  expect(Body).not.toBe(report);
  await s3.send(new PutObjectCommand({ Bucket: "intake", Key: message.report.key, Body }));
  await expect(world.lake.run({ month: "2024-07", dataset: "loans" })).rejects.toMatchObject({
    name: "ReconciliationError",
    message: expect.stringContaining("controlTotal is 7, the delivery's report says 8") as string,
  });
});

it("a month without deliveries is missing", async () => {
  expect(await world.lake.run({ month: "2019-01", dataset: "loans" })).toMatchObject([
    { status: "missing", objects: [] },
  ]);
});

it("a message about another bucket, and a stage without intake, are refused", async () => {
  const message = await world.send({ time: "2024-08-31T22:00:00Z", details: ["81|8|1000|"], total: 8 });
  const report = { ...message.report, bucket: "another" };
  expect((await world.handle({ ...message, report })).batchItemFailures).toHaveLength(1);
  const without = { environment: { INTAKE_BUCKET: "" } };
  await expect(world.lake.run({ all: true, dataset: "loans" }, without)).rejects.toMatchObject({
    name: "ConfigError",
  });
});
