/** What is odd but possible in the source, the settings, the clock and the bucket: figures stay right, or nothing is published. */
import { CreateMultipartUploadCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";

import { monthOfKey } from "../../../src/extract/announcement";
import { run } from "../../../src/extract/run";
import { withDeadline } from "../../../src/platform/deadline";
import { expectedFiles, readTables } from "../../support/figures";
import { whileHeld } from "../../support/held-table";
import { expectInPlace, readHistory, readRevision } from "../../support/reader";
import { type RunOptions, World } from "../../support/world";

const month = "2026-09";

let world: World;
beforeAll(async () => {
  world = await World.create("empty");
  await world.sql("insert into bank values (1, 'One', 0), (2, 'Two', 0)");
  await world.sql("insert into branch values (10, 1, 'High Street'), (20, 2, null)");
  await world.sql("insert into client values (100, '', '', 10), (200, '', '', 20)");
  await world.sql("insert into account values (1000, 0, 100), (2000, 0, 200)");
  await world.sql(
    `insert into loans
     select row_number() over (), 100 + row_number() over (), account, day::date
     from unnest(array[1000, 2000]) as account,
       unnest(array['2026-07-31', '2026-08-01', '2026-08-31', '2026-09-01', '2026-09-06', '2026-09-30', '2026-10-31']) as day`,
  );
});
afterAll(() => world.close());

let prefix: string;
let options: RunOptions;
function use(newPrefix: string): void {
  prefix = newPrefix;
  options = { environment: { EXTRACT_PREFIX: prefix } };
}
beforeEach(() => {
  use(world.prefix());
});

const extract = (input: object = { month }) => world.run(input, options);

async function outcomeOf(input: object = { month }): Promise<string> {
  const { months } = await extract(input);
  return months.map(({ status, revision }) => `${status} ${revision}`).join();
}

async function expectFigures(ofMonth = month): Promise<void> {
  const revision = await readRevision(world, ofMonth, prefix);
  expect(revision?.files).toEqual(expectedFiles(await readTables(world), ofMonth));
  await expectInPlace(world, revision?.manifest);
}

it("control totals and rows are read through one snapshot, whatever is written in between", async () => {
  const before = expectedFiles(await readTables(world), month);
  // The loans' control totals are read before the banks' numbers of branches, and the rows after them.
  await whileHeld(
    world.database,
    "branch",
    () => extract(),
    async () => {
      await world.sql("insert into loans values (-1, 7, 1000, '2026-09-10')");
    },
  );
  const revision = await readRevision(world, month, prefix);
  expect(revision?.files).toEqual(before);
  await world.sql("delete from loans where idloan = -1");
});

it("rows that a security policy hides from the role fail the run, which would not miss them", async () => {
  await world.sql("alter table loans enable row level security");
  await world.sql("create policy not_all on loans for select using (loan_date <> '2026-09-06')");
  try {
    await expect(extract()).rejects.toMatchObject({
      name: "QueryError",
      retry: false,
      message: expect.stringContaining('row-level security policy for table "loans"') as string,
      hint: expect.stringContaining(
        `Grant the user ${String(world.secret["username"])} bypassrls: row-level security hides rows of the table loans`,
      ) as string,
    });
    expect(await world.keys(prefix)).toEqual([]);
  } finally {
    await world.sql("drop policy not_all on loans");
    await world.sql("alter table loans disable row level security");
  }
});

it("a time zone whose clocks change at midnight moves no loan to another month", async () => {
  const role = String(world.secret["username"]);
  // On 6 September 2026 the day begins at one o'clock there.
  await world.sql(`alter role ${role} set timezone = 'America/Santiago'`);
  try {
    await extract({ from: "2026-07", to: "2026-09" });
    for (const each of ["2026-07", "2026-08", "2026-09"]) await expectFigures(each);
    expect(await world.manifest(month, prefix)).toMatchObject({
      period: { from: "2026-09-01", to: "2026-09-30" },
      totals: { loanCount: "6", windowLoanCount: "12" },
    });
  } finally {
    await world.sql(`alter role ${role} reset timezone`);
  }
});

it("a clock that goes back over the end of the month refuses or publishes the month, and measures no time below 0", async () => {
  const runAt = (...times: string[]) =>
    withDeadline(60_000, "Wait.", (deadline) =>
      run(
        { month: "2026-10" },
        {
          environment: { ...world.environment, EXTRACT_PREFIX: prefix },
          now: () => new Date((times.length > 1 ? times.shift() : times[0]) ?? ""),
          runId: "a clock",
          aws: world.clients("extract"),
          deadline,
        },
        () => undefined,
      ),
    );
  const [before, after] = ["2026-10-31T23:59:59.999Z", "2026-11-01T00:00:00.000Z"];
  await expect(runAt(before, after)).rejects.toMatchObject({
    name: "RequestError",
    message: "wrong input: 2026-10 has not ended (UTC); the last month that has is 2026-09",
  });
  expect((await runAt(after, after, before)).months).toMatchObject([{ status: "published" }]);
  expect(await world.manifest("2026-10", prefix)).toMatchObject({ publishedAt: before, durationMs: 0 });
});

it("a prefix may have characters that regular expressions and URLs treat in their own way", async () => {
  use("a+b (c)[d]*/%2F é$^|?#/");
  const left = `${prefix}Old/2026/09/Old_20260930.csv`;
  await world.s3.send(new CreateMultipartUploadCommand({ Bucket: world.bucket, Key: left }));
  const [published] = (await extract()).months;
  await expectFigures();
  expect(await world.openUploads()).toEqual([]);
  expect(await outcomeOf()).toBe("unchanged 1");
  expect(await world.verify({ month }, options)).toMatchObject([{ status: "verified" }]);
  const key = published?.manifest ?? "";
  expect(monthOfKey({ prefix, folders: "plain" }, key)).toMatchObject({ month });
  expect(monthOfKey({ prefix, folders: "plain" }, key.replace("b (c)[d]*", "bbb (c)d"))).toBeUndefined();
});

it("a branch's name may be as long as its column, and of any characters", async () => {
  const address = `"a",\n\r\n;'\\ =1+1 ${"💶".repeat(230)} `;
  await world.sql("update branch set address = $1 where idbranch = 10", [address]);
  try {
    await extract();
    await expectFigures();
    expect(await world.verify({ month }, options)).toMatchObject([{ status: "verified" }]);
  } finally {
    await world.sql("update branch set address = 'High Street' where idbranch = 10");
  }
});

it("a bank whose name differs from another's by a space at its end has no file name of its own", async () => {
  await world.sql("insert into bank values (3, 'One ', 0)");
  try {
    await expect(extract()).rejects.toMatchObject({
      name: "QueryError",
      message: expect.stringContaining('"One" (bank 1) and "One " (bank 3): the same file name') as string,
    });
    expect(await world.keys(prefix)).toEqual([]);
  } finally {
    await world.sql("delete from bank where idbank = 3");
  }
});

it("banks that have swapped their names change only on request, and each then has its own file", async () => {
  await extract();
  const before = await readRevision(world, month, prefix);
  await world.sql("update bank set name = case idbank when 1 then 'Two' else 'One' end");
  try {
    await expect(extract()).rejects.toMatchObject({ name: "AlreadyPublishedError" });
    expect(await readRevision(world, month, prefix)).toEqual(before);
    // A month that was not published before has the new names, and the old one keeps its own.
    expect(await outcomeOf({ month: "2026-08" })).toBe("published 1");
    expect(await world.verify({ month }, options)).toMatchObject([{ status: "verified" }]);

    expect(await outcomeOf({ month, restate: true })).toBe("restated 2");
    await expectFigures();
    const { files, history } = await world.manifest(month, prefix);
    expect(files.map(({ bankId, key }) => [bankId, key.slice(prefix.length, prefix.length + 3)])).toEqual([
      [1, "Two"],
      [2, "One"],
    ]);
    const [first] = history;
    if (first === undefined) throw new Error("no history");
    expect([...(await readHistory(world, first)).values()]).toEqual([...(before?.files.values() ?? [])]);
  } finally {
    await world.sql("update bank set name = case idbank when 1 then 'One' else 'Two' end");
  }
});

describe("a published month whose manifest somebody has deleted", () => {
  const key = () => `${prefix}_manifests/2026/09.json`;

  async function versionsOfManifest(): Promise<string[]> {
    const { Versions = [], DeleteMarkers = [] } = await world.s3.send(
      new ListObjectVersionsCommand({ Bucket: world.bucket, Prefix: key() }),
    );
    return [...DeleteMarkers, ...Versions].map(({ VersionId }) => VersionId ?? "");
  }

  it("is not published again as revision 1, which consumers would ignore, but restored", async () => {
    await extract();
    await world.sql("update loans set amount = amount + 1");
    expect(await outcomeOf({ month, restate: true })).toBe("restated 2");
    const before = await world.manifest(month, prefix);
    await world.remove(key());
    await world.sql("update loans set amount = amount + 1");
    for (const input of [{ month }, { month, dryRun: true }, { month, restate: true }]) {
      await expect(extract(input)).rejects.toMatchObject({
        name: "StorageError",
        retry: false,
        message: `s3://${world.bucket}/${key()} was deleted, so what is published is unknown`,
        hint: expect.stringContaining("put its last version back under the same key") as string,
      });
    }
    expect(await world.openUploads(prefix)).toEqual([]);
    expect(await world.verify({ month }, options)).toMatchObject([{ status: "missing" }]);

    const [, last] = await versionsOfManifest();
    await world.put(key(), await world.read(key(), last));
    expect(await world.manifest(month, prefix)).toEqual(before);
    expect(await outcomeOf({ month, restate: true })).toBe("restated 3");
    await expectFigures();
  });

  it("begins again at revision 1 if none of its versions is left", async () => {
    await extract();
    await world.remove(key());
    for (const version of await versionsOfManifest()) await world.remove(key(), version);
    expect(await outcomeOf()).toBe("published 1");
    await expectFigures();
  });
});

it("a dry run of a range that fails has done nothing that could be kept", async () => {
  const input = { from: "2026-07", to: "2026-09", dryRun: true };
  await world.sql("insert into loans values (-1, 7, null, '2026-09-10')");
  try {
    await expect(extract(input)).rejects.toMatchObject({ name: "ReconciliationError", done: [] });
    await expect(extract({ ...input, dryRun: false })).rejects.toMatchObject({
      done: ["2026-07", "2026-08"],
    });
  } finally {
    await world.sql("delete from loans where idloan = -1");
  }
});
