/** Tenants and their sources: each gets its own rows and nothing else, and nothing of a source that is not right. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";

import { PutObjectCommand } from "@aws-sdk/client-s3";

import { readTenants } from "../../../src/lake/tenants";
import { bucketOf, LakeWorld } from "../../support/lake-world";
import type { LoanFile } from "../../support/world";

const dataset = "loan_moving_average";
const [first, second, third, fourth] = readTenants(undefined);
if (!first || !second || !third || !fourth) throw new Error("the tests need four tenants");

let lake: LakeWorld;
beforeAll(async () => {
  lake = await LakeWorld.create("seeded", [first, second, { ...third, datasets: ["loan_detail"] }, fourth]);
});
afterAll(() => lake.close());

const setTenants = (tenants: readonly unknown[]) =>
  writeFile(lake.environment["LAKE_TENANTS_FILE"] ?? "", JSON.stringify(tenants));

it("a tenant gets the datasets of its list, and no others", async () => {
  const month = "2026-01";
  await lake.world.run({ month });
  await lake.world.run({ month, extract: "loan_detail" });
  await lake.run({ month });
  const folders = async (tenant: typeof first) =>
    new Set((await lake.keys(tenant)).map((key) => key.split("/").slice(0, 2).join("/")));
  expect(await folders(third)).toEqual(new Set(["analytics-ready/loan_detail", "tables/loan_detail"]));
  expect((await folders(first)).size).toBe(4);
});

it("loan_detail has one row for each loan, with its day as a date", async () => {
  const month = "2026-01";
  const { files } = await lake.world.manifest(month, "loan_detail/");
  const rows = await lake.query(
    third,
    "loan_detail",
    month,
    "select count(*), sum(amount)::varchar, min(loan_date)::varchar >= '2026-01-01', typeof(any_value(loan_date)) from file0",
  );
  const file = files.find(({ bankId }) => bankId === third.bankId);
  expect(rows).toEqual([[BigInt(file?.rowCount ?? 0), file?.loanTotal, true, "DATE"]]);
});

it("a tenant that is added later gets the months that are published already", async () => {
  const month = "2026-02";
  await lake.world.run({ month });
  await setTenants([first, second, third, { ...fourth, datasets: [] }]);
  await lake.run({ month, dataset });
  expect(await lake.listed(fourth, dataset, month)).toEqual([]);
  await setTenants([first, second, third, fourth]);
  expect(await lake.run({ all: true, dataset })).toContainEqual(
    expect.objectContaining({ month, status: "restated" }),
  );
  expect(await lake.listed(fourth, dataset, month)).toHaveLength(1);
});

it("a bank without a tenant fails the month, before anything is written", async () => {
  const month = "2026-03";
  await lake.world.run({ month });
  await setTenants([first, second, third]);
  try {
    await expect(lake.run({ month, dataset })).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining('"Paper Bank" (bank 4)') as string,
      hint: expect.stringContaining("Add each bank to tenants.json") as string,
    });
  } finally {
    await setTenants([first, second, third, fourth]);
  }
  expect(await lake.listed(first, dataset, month)).toEqual([]);
  expect((await lake.keys(first)).filter((key) => key.includes("month=03"))).toEqual([]);
});

/** Publishes a month, then puts another file in the place of the first bank's, with a manifest that names it. */
async function forge(
  month: string,
  change: (csv: string) => string,
  claim: (file: LoanFile, bytes: Buffer) => Partial<LoanFile> = (_, bytes) => ({
    sha256: createHash("sha256").update(bytes).digest("hex"),
  }),
): Promise<void> {
  await lake.world.run({ month });
  const manifest = await lake.world.manifest(month);
  const [file, ...others] = manifest.files;
  if (file === undefined) throw new Error("the month has no files");
  const bytes = Buffer.from(change(await lake.world.read(file.key, file.versionId)), "utf8");
  const { VersionId = null } = await lake.world.s3.send(
    new PutObjectCommand({ Bucket: lake.world.bucket, Key: file.key, Body: bytes }),
  );
  manifest.files = [{ ...file, versionId: VersionId, ...claim(file, bytes) }, ...others];
  await lake.world.put(`_manifests/${month.replace("-", "/")}.json`, JSON.stringify(manifest));
}

const lines = (csv: string) => csv.split("\n");

it.each<[string, string, (csv: string) => string, string, RegExp]>([
  [
    "with a row of another bank",
    "2025-01",
    (csv) => csv.replace("\n1,", "\n2,"),
    "DataError",
    /row 1 .* is not of the bank 1/,
  ],
  [
    "with a row of another month",
    "2025-02",
    (csv) => csv.replace("2025-02", "2025-03"),
    "DataError",
    /row 1 .* is not of 2025-02/,
  ],
  [
    "with a row too many",
    "2025-03",
    (csv) => `${csv}${lines(csv)[1] ?? ""}\n`,
    "ReconciliationError",
    /rowCount is \d+, the manifest says/,
  ],
  [
    "without a row's last field",
    "2025-04",
    (csv) => csv.replace(/,[^,]*\n$/, "\n"),
    "DataError",
    /row \d+ .* has 10 fields instead of 11/,
  ],
  [
    "with a number that is none",
    "2025-05",
    (csv) => csv.replace(/[\d.]+\n$/, "1e3\n"),
    "DataError",
    /monthly_total_average_3m is not a decimal/,
  ],
  [
    "with another header line",
    "2025-06",
    (csv) => csv.replace("loan_count", "count"),
    "DataError",
    /header line .* differs/,
  ],
  [
    "with another amount",
    "2025-07",
    (csv) => csv.replace(/[\d.]+\n$/, "0.00\n"),
    "ReconciliationError",
    /windowLoanTotal is/,
  ],
])("a file %s does not get into the lake, of any tenant", async (_, month, change, name, message) => {
  await forge(month, change);
  await expect(lake.run({ month, dataset })).rejects.toMatchObject({
    name,
    message: expect.stringMatching(message) as string,
  });
  for (const tenant of [first, second, fourth]) expect(await lake.listed(tenant, dataset, month)).toEqual([]);
  expect((await lake.recorded(dataset, month)).month).toBeUndefined();
});

it("a file with other bytes than the manifest says leaves no object behind", async () => {
  const month = "2025-08";
  await forge(
    month,
    (csv) => csv.replace("First National", "First Nationa1"),
    () => ({}),
  );
  await expect(lake.run({ month, dataset })).rejects.toMatchObject({
    name: "VerificationError",
    message: expect.stringContaining("the SHA-256 of") as string,
    hint: expect.stringContaining("extract it again if it is damaged") as string,
  });
  expect((await lake.keys(first)).filter((key) => key.includes("year=2025/month=08"))).toEqual([]);
  expect(await lake.openUploads(first)).toEqual([]);
});

it("a file that S3 does not hand out is not taken for a damaged one", async () => {
  const month = "2025-10";
  await lake.world.run({ month });
  const undo = lake.world.aws.onRequest(({ operation, key }) =>
    operation === "GetObject" && key?.startsWith("FirstNational/2025/10/") === true
      ? { respond: { status: 403, code: "AccessDenied", message: "no" } }
      : undefined,
  );
  await expect(lake.run({ month, dataset }).finally(undo)).rejects.toMatchObject({
    name: "StorageError",
    message: expect.stringContaining("AccessDenied") as string,
  });
});

it("a file that is gone fails the month", async () => {
  const month = "2025-09";
  await forge(
    month,
    (csv) => csv,
    () => ({ versionId: "gone" }),
  );
  await expect(lake.run({ month, dataset })).rejects.toMatchObject({ name: "VerificationError" });
});

it("no row of one tenant is in another's bucket", async () => {
  const month = "2026-01";
  for (const tenant of [first, second]) {
    const rows = await lake.query(tenant, dataset, month, "select distinct bank_id from file0");
    expect([bucketOf(tenant), rows]).toEqual([bucketOf(tenant), [[tenant.bankId]]]);
  }
});
