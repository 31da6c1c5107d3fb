/** A month that was published by mistake can be withdrawn, and is published again only on purpose. */
import { announcementOf } from "../../../src/extract/announcement";
import { defaultExtract } from "../../../src/extract/definitions";
import { readStatus } from "../../../src/extract/status";
import type { Month } from "../../../src/platform/month";
import { commandLine } from "../../support/command-line";
import { type RunOptions, World } from "../../support/world";

const month = "2026-09" as Month;
const input = { month, by: "a.person", reason: "test data" };

let world: World;
let prefix: string;
let options: RunOptions;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());
beforeEach(async () => {
  prefix = world.prefix();
  options = { environment: { EXTRACT_PREFIX: prefix } };
  await world.run({ month }, options);
});

const withdrawn = (asked: Record<string, unknown> = input) => world.withdraw(asked, options);
const keys = async () => (await world.keys()).filter((key) => key.startsWith(prefix));

it("a withdrawal marks the manifest and removes the files from their keys, but keeps every version", async () => {
  const before = await world.manifest(month, prefix);
  const [withdrawal] = await withdrawn();
  expect(withdrawal).toEqual({
    ...{ extract: "loan_moving_average", month, status: "withdrawn", revision: 2 },
    manifest: `${prefix}_manifests/2026/09.json`,
    removed: before.files.map(({ key }) => key),
  });
  const manifest = await world.manifest(month, prefix);
  expect(manifest).toMatchObject({
    ...{ state: "withdrawn", revision: 2, by: "a.person", reason: "test data", files: [] },
    totals: { rowCount: 0, loanCount: "0", loanTotal: "0", windowLoanCount: "0", windowLoanTotal: "0" },
    history: [{ revision: 1, publishedAt: before.publishedAt }],
  });
  expect(await keys()).toEqual([`${prefix}_manifests/2026/09.json`]);
  for (const { key, versionId } of manifest.history[0]?.files ?? []) {
    expect(await world.read(key, versionId)).toContain("bank_id,");
  }
});

it("a withdrawal is visible to verify, status and machines", async () => {
  await withdrawn();
  expect(await world.verify({ month }, options)).toMatchObject([{ status: "withdrawn", problems: [] }]);
  await world.published(
    { month },
    async ({ objects, output: { layout } }) => {
      const status = await readStatus(objects, layout, defaultExtract, month);
      expect(status).toMatchObject({ status: "withdrawn", revision: 2, files: [], problems: [] });
      const announcement = await announcementOf(objects, layout, defaultExtract, month);
      expect(announcement).toMatchObject({ month, state: "withdrawn", revision: 2 });
    },
    options,
  );
});

it("a withdrawal is undone only by a restatement, which may have a reason too", async () => {
  await withdrawn();
  for (const asked of [{ month }, { month, dryRun: true }]) {
    await expect(world.run(asked, options)).rejects.toMatchObject({
      name: "AlreadyPublishedError",
      message: "2026-09 was withdrawn on 2026-11-20 by a.person: test data",
      hintOnTerminal: expect.stringContaining("--restate") as string,
    });
  }
  expect(await keys()).toHaveLength(1);
  const again = { month, restate: true, reason: "the right data" };
  expect((await world.run(again, options)).months).toMatchObject([{ status: "restated", revision: 3 }]);
  const manifest = await world.manifest(month, prefix);
  expect(manifest).toMatchObject({ state: "published", reason: "the right data" });
  expect(manifest).not.toHaveProperty("by");
  expect(manifest.history).toMatchObject([
    { revision: 1 },
    { revision: 2, by: "a.person", reason: "test data", files: [] },
  ]);
  expect(await world.verify({ month }, options)).toMatchObject([{ status: "verified" }]);
});

it("a withdrawal of a month that is empty now is undone only with allowEmpty as well", async () => {
  await withdrawn();
  const move = (days: string) =>
    world.sql(`update loans set loan_date = loan_date ${days} where loan_date between $1 and $2`, [
      ...(days.startsWith("+") ? ["2026-09-01", "2026-09-30"] : ["2054-01-01", "2054-12-31"]),
    ]);
  await move("+ 10000");
  try {
    await expect(world.run({ month, restate: true }, options)).rejects.toMatchObject({
      name: "QueryError",
      message: expect.stringContaining("2026-09 is empty") as string,
    });
    const empty = await world.run({ month, restate: true, allowEmpty: true }, options);
    expect(empty.months).toMatchObject([{ status: "restated", revision: 3, totals: { loanCount: "0" } }]);
    // Published as empty on purpose: it stays so without the flag.
    for (const asked of [{ month }, { month, restate: true }]) {
      expect((await world.run(asked, options)).months).toMatchObject([{ status: "unchanged", revision: 3 }]);
    }
  } finally {
    await move("- 10000");
  }
});

it("a second withdrawal changes nothing", async () => {
  await withdrawn();
  const before = await world.manifest(month, prefix);
  expect(await withdrawn({ ...input, reason: "another" })).toMatchObject([
    { status: "unchanged", revision: 2, removed: [] },
  ]);
  expect(await world.manifest(month, prefix)).toEqual(before);
});

it("a withdrawal that fails after its manifest is finished by the next one", async () => {
  const remove = world.aws.onRequest(({ operation }) =>
    operation === "DeleteObject"
      ? { respond: { status: 403, code: "AccessDenied", message: "no" } }
      : undefined,
  );
  await expect(withdrawn()).rejects.toMatchObject({ name: "StorageError" });
  remove();
  const [verification] = await world.verify({ month }, options);
  expect(verification).toMatchObject({ status: "damaged" });
  expect(verification?.problems[0]).toMatch(/holds the withdrawn version; withdraw the month again$/);
  expect(await withdrawn()).toMatchObject([{ status: "unchanged", revision: 2 }]);
  expect(await world.verify({ month }, options)).toMatchObject([{ status: "withdrawn" }]);
});

it("a withdrawal leaves another program's object at its key", async () => {
  const key = `${prefix}FirstNational/2026/09/FirstNational_20260930.csv`;
  await world.put(key, "other");
  const [withdrawal] = await withdrawn();
  expect(withdrawal?.removed).not.toContain(key);
  expect(await world.read(key)).toBe("other");
});

it("a withdrawal fails with a conflict if a run has changed the month since the manifest was read", async () => {
  const manifestKey = `${prefix}_manifests/2026/09.json`;
  const before = await world.read(manifestKey);
  let isRead = false;
  const remove = world.aws.onRequest(async ({ operation, key }) => {
    if (!isRead) {
      isRead = operation === "GetObject" && key === manifestKey;
      return undefined;
    }
    remove();
    await world.put(manifestKey, before.replace('"revision": 1', '"revision": 2'));
    return undefined;
  });
  await expect(withdrawn()).rejects.toMatchObject({ name: "ConflictError" });
  expect(await keys()).toHaveLength(5);
});

it("a withdrawal keeps the files of a bucket without versioning, which a deletion would destroy", async () => {
  world.aws.createBucket("unversioned");
  const environment = { EXTRACT_BUCKET: "unversioned" };
  await world.run({ month }, { environment });
  expect(await world.withdraw(input, { environment })).toMatchObject([{ status: "withdrawn", removed: [] }]);
  expect(await world.verify({ month }, { environment })).toMatchObject([{ status: "withdrawn" }]);
});

it.each([
  [{ month }, "reason is missing", "Add --reason"],
  [{ month, reason: " " }, "reason: expected a text that is not empty", ""],
  [{ month: "2026-08", reason: "test data" }, "loan_moving_average of 2026-08 is not published", ""],
])("a withdrawal is refused for %j", async (asked, message, hint) => {
  await expect(withdrawn(asked)).rejects.toMatchObject({
    name: "RequestError",
    exitCode: 64,
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining(hint) as string,
  });
});

it("a withdrawal on the command line records the login's name", async () => {
  const environment = { ...world.environment, EXTRACT_PREFIX: prefix };
  const flags = ["withdraw", "--month", month, "--reason", "test data", "--json"];
  const { exitCode, stdout, stderr } = await commandLine(flags, environment);
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([
    0,
    { months: [{ status: "withdrawn", revision: 2 }] },
  ]);
  expect(stderr).toContain("2026-09  withdrawn, revision 2: 4 files left their keys\n");
  expect((await world.manifest(month, prefix)).by).toMatch(/./);
  const status = await commandLine(["status", "--month", month], environment);
  expect(status.stdout).toContain("○ withdrawn on purpose");
  const range = ["withdraw", "--from", month, "--to", "2026-10", "--reason", "test data", "--json"];
  const partly = await commandLine(range, environment);
  expect([partly.exitCode, JSON.parse(partly.stdout)]).toMatchObject([
    64,
    { months: [{ month, status: "unchanged" }], error: { name: "RequestError", done: [month] } },
  ]);
  const missing = await commandLine(["withdraw", "--month", month], environment);
  expect([missing.exitCode, missing.stderr]).toEqual([64, expect.stringContaining("--reason")]);
});

it("a run may have a reason only with restate", async () => {
  await expect(world.run({ month, reason: "none" }, options)).rejects.toMatchObject({
    name: "RequestError",
    message: expect.stringContaining("reason and by are for restate") as string,
  });
});
