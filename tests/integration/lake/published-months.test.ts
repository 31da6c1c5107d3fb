/** Published months in the lake: typed, proven and whole, for each tenant in a bucket of its own. */
import { createHash } from "node:crypto";

import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { parquetMetadata } from "hyparquet";

import { definitionSha256 } from "../../../src/lake/dataset";
import { loanMovingAverage } from "../../../src/lake/datasets/loan-moving-average";
import { addMonths, type Month, monthRange } from "../../../src/platform/month";
import { expectedFiles, readTables } from "../../support/figures";
import { bucketOf, LakeWorld } from "../../support/lake-world";

const month = "2026-09";
const dataset = "loan_moving_average";

let lake: LakeWorld;
beforeAll(async () => {
  lake = await LakeWorld.create("seeded");
  await lake.world.run({ month });
});
afterAll(() => lake.close());

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** The rows of a CSV file without its header and its column `month`; no value is null. */
const shown = `bank_id::varchar, bank_name, branch_id::varchar, branch_address, '${month}', loan_count::varchar,
  loan_total::varchar, loan_average::varchar, loan_count_3m::varchar, moving_average_3m::varchar,
  monthly_total_average_3m::varchar`;

function csvOf(rows: readonly (string | null)[][]): string {
  const field = (text: string | null) => {
    if (text === null) return "";
    return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(",")}\n`).join("");
}

it("each tenant's Parquet file has the rows of the published file, value by value", async () => {
  expect(await lake.run({ month, dataset })).toMatchObject([
    { dataset, month, status: "published", revision: 1 },
  ]);
  const expected = expectedFiles(await readTables(lake.world), month);
  expect(lake.tenants).toHaveLength(4);
  for (const tenant of lake.tenants) {
    const rows = await lake.query(tenant, dataset, month, `select ${shown} from file0`);
    const csv = expected.get(tenant.bankId) ?? "";
    expect(csvOf((rows ?? []) as (string | null)[][])).toBe(csv.slice(csv.indexOf("\n") + 1));
  }
});

it("its key is the source's SHA-256 below the partition, and no partition column is in it", async () => {
  const { files } = await lake.world.manifest(month);
  for (const tenant of lake.tenants) {
    const source = files.find(({ bankId }) => bankId === tenant.bankId);
    expect(await lake.keys(tenant)).toEqual([
      `analytics-ready/${dataset}/year=2026/month=09/${source?.sha256 ?? ""}.parquet`,
      `tables/${dataset}/year=2026/month=09/symlink.txt`,
    ]);
    const columns = await lake.query(
      tenant,
      dataset,
      month,
      "select column_name, column_type from (describe file0)",
    );
    expect(columns).toEqual([
      ["bank_id", "INTEGER"],
      ["bank_name", "VARCHAR"],
      ["branch_id", "INTEGER"],
      ["branch_address", "VARCHAR"],
      ["loan_count", "BIGINT"],
      ["loan_total", "BIGINT"],
      ["loan_average", "DECIMAL(18,2)"],
      ["loan_count_3m", "BIGINT"],
      ["moving_average_3m", "DECIMAL(18,2)"],
      ["monthly_total_average_3m", "DECIMAL(18,2)"],
    ]);
  }
});

it("its Parquet file names its dataset, its month and the SHA-256 of its source", async () => {
  const { files } = await lake.world.manifest(month);
  for (const tenant of lake.tenants) {
    const source = files.find(({ bankId }) => bankId === tenant.bankId);
    const [listed] = await lake.listed(tenant, dataset, month);
    const { key_value_metadata } = parquetMetadata(Uint8Array.from(listed?.file ?? []).buffer);
    expect(key_value_metadata).toEqual([
      { key: "dataset", value: dataset },
      { key: "month", value: month },
      { key: "source_sha256", value: source?.sha256 },
    ]);
  }
});

it("its lineage leads from the Parquet file to the statement and the snapshot", async () => {
  const manifest = await lake.world.manifest(month);
  const { month: record, files } = await lake.recorded(dataset, month);
  expect(record).toMatchObject({
    dataset,
    month,
    state: "published",
    revision: 1,
    manifest: "_manifests/2026/09.json",
  });
  expect(files).toHaveLength(4);
  for (const [index, tenant] of lake.tenants.entries()) {
    const [listed] = await lake.listed(tenant, dataset, month);
    const source = manifest.files.find(({ bankId }) => bankId === tenant.bankId);
    const { key, versionId, sha256: sourceSha256, rowCount, loanCount, loanTotal } = source ?? {};
    const { windowLoanCount, windowLoanTotal } = source ?? {};
    expect(files[index]).toEqual([
      {
        schemaVersion: 1,
        object: {
          ...{ bucket: bucketOf(tenant), key: listed?.key, byteCount: listed?.file.byteLength },
          sha256: sha256(listed?.file ?? Buffer.of()),
        },
        ...{ tenant: tenant.id, dataset, month, rowCount },
        definition: { sha256: definitionSha256(loanMovingAverage) },
        totals: { loanCount, loanTotal, windowLoanCount, windowLoanTotal },
        parents: [
          {
            ...{ bucket: lake.world.bucket, key, versionId, sha256: sourceSha256 },
            manifest: {
              ...{ key: "_manifests/2026/09.json", revision: 1 },
              ...{ runId: manifest.runId, publishedAt: manifest.publishedAt },
              ...{ query: manifest.query, source: manifest.source },
            },
          },
        ],
        program: { version: expect.any(String) as string },
        ...{ runId: expect.any(String) as string, recordedAt: "2026-11-20T12:00:00.000Z" },
      },
    ]);
  }
});

it("a run whose file another run removes fails, and the next one makes it again", async () => {
  const [first] = lake.tenants;
  if (first === undefined) throw new Error("there is no tenant");
  const other = "2026-03";
  await lake.world.run({ month: other });
  let removed = "";
  const run = lake.run(
    { month: other, dataset },
    {
      observe: async ({ step, tenant }) => {
        if (step !== "listed" || tenant !== first.id) return;
        removed = (await lake.listed(first, dataset, other))[0]?.key ?? "";
        await lake.world.s3.send(new DeleteObjectCommand({ Bucket: bucketOf(first), Key: removed }));
      },
    },
  );
  await expect(run).rejects.toMatchObject({
    name: "ConflictError",
    message: expect.stringContaining(
      `another run has removed s3://${bucketOf(first)}/analytics-ready/`,
    ) as string,
  });
  expect(await lake.run({ month: other, dataset, remake: true })).toMatchObject([{ month: other }]);
  expect((await lake.listed(first, dataset, other)).map(({ key }) => key)).toEqual([removed]);
});

it("a month takes its steps once, in their order: all files are proven and recorded before any list names one", async () => {
  const other = "2024-06";
  await lake.world.run({ month: other });
  const seen: string[] = [];
  const run = () => lake.run({ month: other, dataset }, { observe: ({ step }) => void seen.push(step) });
  const each = (...steps: readonly string[]) => steps.flatMap((step) => lake.tenants.map(() => step));
  await run();
  const listed = [...each("listed"), "announced", "month recorded"];
  // Two files are made at once.
  expect(seen.slice(0, -listed.length).sort()).toEqual(each("completed", "proven", "recorded", "staged"));
  expect(seen.splice(0).slice(-listed.length)).toEqual(listed);
  await run();
  expect(seen).toEqual([]);
  await lake.world.withdraw({ month: other, by: "a.person", reason: "test data" });
  await run();
  expect(seen).toEqual([...listed, "cleaned"]);
});

it("a month that is there is left as it is: nothing is written", async () => {
  const requests = await lake.requestsDuring(() =>
    expect(lake.run({ month, dataset })).resolves.toMatchObject([{ status: "unchanged", revision: 1 }]),
  );
  const operations = new Set(requests.map(({ operation }) => operation));
  expect([...operations].sort()).toEqual(["GetObject", "ListObjectsV2"]);
});

/** How many months are compared; `npm run test:races` compares 24. */
const MONTHS = Number(process.env["LAKE_MONTHS"] ?? 2);

const shownDetail = `bank_id::varchar, bank_name, branch_id::varchar, branch_address, client_id::varchar,
  account_id::varchar, loan_id::varchar, loan_date::varchar, amount::varchar`;

it("months, one of them restated and one withdrawn, have the rows of the CSV files, of all banks and extracts", async () => {
  const to = "2026-08" as Month;
  const [from, second] = [addMonths(to, 1 - MONTHS), addMonths(to, 2 - MONTHS)];
  for (const extract of [dataset, "loan_detail"]) await lake.world.run({ from, to, extract });
  await lake.run({ all: true });
  await lake.world.sql("update loans set amount = amount + 7 where to_char(loan_date, 'YYYY-MM') = $1", [
    from,
  ]);
  for (const extract of [dataset, "loan_detail"]) {
    await lake.world.run({ month: from, extract, restate: true });
    await lake.world.withdraw({ month: second, extract, by: "a.person", reason: "test data" });
  }
  await lake.run({ all: true });
  let fileCount = 0;
  for (const [extract, folder] of [
    [dataset, ""],
    ["loan_detail", "loan_detail/"],
  ] as const) {
    for (const each of monthRange(from, to)) {
      const { files } = await lake.world.manifest(each, folder);
      for (const tenant of lake.tenants) {
        const file = files.find(({ bankId }) => bankId === tenant.bankId);
        const columns = folder === "" ? shown.replace(month, each) : shownDetail;
        const rows = await lake.query(tenant, extract, each, `select ${columns} from file0`);
        const csv = file && (await lake.world.read(file.key, file.versionId));
        expect([each, rows && csvOf(rows as (string | null)[][])]).toEqual([
          each,
          csv?.slice(csv.indexOf("\n") + 1),
        ]);
        fileCount += file === undefined ? 0 : 1;
      }
    }
  }
  expect(fileCount).toBe((MONTHS - 1) * 2 * 4);
}, 600_000);
