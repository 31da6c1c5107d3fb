/** `status` reports the state of each month from the bucket alone, and does not judge it. */
import type { MonthStatus } from "../../../src/extract/status";
import { readStatus } from "../../../src/extract/status";
import { commandLine } from "../../support/command-line";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());

const key = "FirstNational/2026/09/FirstNational_20260930.csv";

function statusOf(month: string, isThorough = false): Promise<MonthStatus | undefined> {
  return world.published({ month }, async ({ objects, output, request }) =>
    readStatus(objects, output.layout, request.definition, request.months[0], isThorough),
  );
}

it("status distinguishes months that are missing, published, restated, out of place, damaged and unreadable", async () => {
  expect(await statusOf("2026-09")).toEqual({
    month: "2026-09",
    status: "missing",
    manifest: "_manifests/2026/09.json",
    files: [],
    problems: [],
  });

  await world.run({ month: "2026-09" });
  const operations = await world.operationsDuring(async () => {
    expect(await statusOf("2026-09")).toMatchObject({
      status: "published",
      revision: 1,
      files: [{ bankId: 1, bankName: "First National", key, status: "published" }, {}, {}, {}],
      problems: [],
    });
  });
  expect(operations.sort()).toEqual(["GetObject", "HeadObject", "HeadObject", "HeadObject", "HeadObject"]);
  expect((await statusOf("2026-09", true))?.files.map(({ status }) => status)).toEqual(
    Array(4).fill("verified"),
  );

  await world.sql("update loans set amount = amount + 1 where loan_date = '2026-09-15'");
  await world.run({ month: "2026-09", restate: true });
  expect(await statusOf("2026-09")).toMatchObject({ revision: 2, problems: [] });

  await world.put(key, "by hand");
  const displaced = await statusOf("2026-09");
  expect(displaced?.files.map(({ status }) => status)).toEqual([
    "unverified",
    "published",
    "published",
    "published",
  ]);
  expect(displaced?.problems).toEqual([`${key}: the key no longer holds the published version`]);

  const { files } = await world.manifest("2026-09");
  await world.remove(key, files[0]?.versionId);
  const damaged = await statusOf("2026-09", true);
  expect(damaged?.files[0]?.status).toBe("damaged");
  expect(damaged?.problems[0]).toContain(`${key} is gone`);

  const manifest = "_manifests/2026/08.json";
  await world.put(manifest, await world.read("_manifests/2026/09.json"));
  expect(await statusOf("2026-08")).toMatchObject({
    status: "unreadable",
    problems: [`${manifest} is the manifest of loan_moving_average of 2026-09`],
  });
});

it("status prints a calendar, or only JSON, and exits with 0 whatever it finds", async () => {
  const range = ["status", "--from", "2026-07", "--to", "2026-09"];
  const { exitCode, stdout, stderr } = await commandLine(range, world.environment);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(
    /^3 months: 1 published, 1 missing, 1 unreadable; 1 files unverified, in [\d.]+ s\n$/,
  );
  expect(stdout).toMatch(
    /^loan_moving_average in s3:\/\/extracts\/\n\n +2026\n +07 +08 +09\nFirst National +– +! +\?2\n/,
  );
  expect(stdout).toContain("The schedule's next run is due on ");
  expect(stdout).toContain(`${key}: the key no longer holds the published version`);

  const asJson = await commandLine([...range, "--json"], world.environment);
  expect(asJson.exitCode).toBe(0);
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    extract: "loan_moving_average",
    months: [{ status: "missing" }, { status: "unreadable" }, { status: "published", revision: 2 }],
  });

  const detail = await commandLine(["status", "--extract", "loan_detail", "--json"], world.environment);
  const { extract, months } = JSON.parse(detail.stdout) as { extract: string; months: MonthStatus[] };
  expect([extract, months.length]).toEqual(["loan_detail", 12]);
  expect(months.at(-1)?.manifest).toMatch(/^loan_detail\/_manifests\/\d{4}\/\d{2}\.json$/);
});

it("status fails only if it can't read the bucket", async () => {
  const missing = await commandLine(["status"], { ...world.environment, EXTRACT_BUCKET: "" });
  expect(missing).toMatchObject({ exitCode: 64, stdout: "" });
  expect(missing.stderr).toContain("Error: wrong settings: EXTRACT_BUCKET: missing");
  const nowhere = await commandLine(["status"], { ...world.environment, EXTRACT_BUCKET: "no-such-bucket" });
  expect(nowhere).toMatchObject({ exitCode: 1, stdout: "" });
});
