/** The lake from a terminal: bring months in, verify them, query them, and follow a file back to its origin. */
import { PutObjectCommand } from "@aws-sdk/client-s3";

import { commandLine } from "../../support/command-line";
import { bucketOf, LakeWorld } from "../../support/lake-world";

jest.setTimeout(60_000);

/** The child uses the real clock, so the month must have ended long ago. */
const month = "2024-05";
const dataset = "loan_moving_average";

let lake: LakeWorld;
beforeAll(async () => {
  lake = await LakeWorld.create("seeded");
  await lake.world.run({ month });
});
afterAll(() => lake.close());

const run = (...flags: string[]) => commandLine(flags, lake.environment);

it("lake brings a month in and says so; again, it changes nothing", async () => {
  const first = await run("lake", "--month", month, "--json");
  expect([first.exitCode, first.stderr]).toEqual([
    0,
    expect.stringContaining(`${dataset} ${month}  published`),
  ]);
  expect(first.stderr).toContain(
    `loan_detail ${month}  missing: not published; npx bank-batch extract --extract loan_detail --month ${month} publishes it\n`,
  );
  const { months } = JSON.parse(first.stdout) as { months: object[] };
  expect(months).toMatchObject([
    { dataset, month, status: "published", revision: 1 },
    { dataset: "loan_detail", month, status: "missing", objects: [] },
  ]);
  const again = await run("lake", "--month", month, "--dataset", dataset);
  expect([again.exitCode, again.stdout]).toEqual([
    0,
    expect.stringContaining("unchanged: revision 1, 4 files"),
  ]);
});

it("verify --lake finds the month as it is published", async () => {
  const { exitCode, stdout } = await run("verify", "--lake", "--month", month, "--json");
  expect([exitCode, JSON.parse(stdout)]).toEqual([
    0,
    { months: [{ dataset, month, status: "verified", revision: 1, problems: [] }] },
  ]);
});

it("query sums up what the extract has published", async () => {
  const sql = `select tenant, year, month, sum(loan_total)::varchar as total from ${dataset} group by all order by tenant`;
  const { exitCode, stdout } = await run("query", sql, "--json");
  const { files } = await lake.world.manifest(month);
  const expected = lake.tenants
    .map(({ id, bankId }) => {
      const file = files.find((each) => each.bankId === bankId);
      return file?.rowCount === 0 ? [] : [{ tenant: id, year: "2024", month: "05", total: file?.loanTotal }];
    })
    .flat()
    .sort((one, other) => (one.tenant < other.tenant ? -1 : 1));
  expect([exitCode, JSON.parse(stdout)]).toEqual([0, expected]);
});

it("query says what is wrong with a query, and which tables there are", async () => {
  const { exitCode, stderr } = await run("query", "from nothing");
  expect([exitCode, stderr]).toEqual([64, expect.stringContaining(dataset)]);
});

it("lineage leads from a file to the statement and the snapshot, with every SHA-256 computed again", async () => {
  const [tenant] = lake.tenants;
  const [file] = tenant === undefined ? [] : await lake.listed(tenant, dataset, month);
  const { exitCode, stdout } = await run("lineage", file?.key ?? "");
  const { source, query, files } = await lake.world.manifest(month);
  expect(exitCode).toBe(0);
  for (const part of [file?.key, files[0]?.key, files[0]?.sha256, query.sha256, source.snapshot])
    expect(stdout).toContain(part);
  expect(stdout.match(/as recorded/g)).toHaveLength(2);
});

it("verify --lake and lineage find a file that was overwritten by hand", async () => {
  const tenant = lake.tenants[1];
  if (tenant === undefined) throw new Error("there is no second tenant");
  const [{ key } = { key: "" }] = await lake.listed(tenant, dataset, month);
  await lake.world.s3.send(new PutObjectCommand({ Bucket: bucketOf(tenant), Key: key, Body: "by hand" }));
  const verified = await run("verify", "--lake", "--month", month);
  expect([verified.exitCode, verified.stderr]).toEqual([
    1,
    expect.stringContaining("which the lineage does not know"),
  ]);
  const origin = await run("lineage", `s3://${bucketOf(tenant)}/${key}`);
  expect([origin.exitCode, origin.stdout]).toEqual([1, expect.stringContaining("other bytes")]);

  const remade = await run("lake", "--month", month, "--dataset", dataset, "--remake");
  expect(remade.exitCode).toBe(0);
  expect((await run("verify", "--lake", "--month", month)).exitCode).toBe(0);
});

it("refine takes a tenant's own file, and says where the report about a wrong one is", async () => {
  const [tenant] = lake.tenants;
  if (tenant === undefined) throw new Error("there is no tenant");
  const header = "id,booked_on,amount,currency,description";
  const write = async (name: string, text: string) => {
    const Key = `raw/transactions/${name}.csv`;
    await lake.world.s3.send(new PutObjectCommand({ Bucket: bucketOf(tenant), Key, Body: text }));
    return `s3://${bucketOf(tenant)}/${Key}`;
  };
  const right = await write("right", `${header}\n1,2026-09-14,-12.5,EUR,\n`);
  await write("wrong", `${header}\nx,2026-09-14,-12.5,EUR,\n`);
  const one = await run("refine", right);
  expect([one.exitCode, one.stdout]).toEqual([
    0,
    expect.stringContaining(`${right}  accepted: 2026-09, 1 row`),
  ]);
  const all = await run("refine", "--all");
  expect([all.exitCode, all.stdout]).toEqual([
    1,
    expect.stringContaining("rejected/transactions/wrong.csv."),
  ]);
  expect(all.stderr).toMatch(/2 files: 1 (rejected, 1 unchanged|unchanged, 1 rejected), in /);
  const verified = await run("verify", "--lake", "--dataset", "transactions", "--month", "2026-09");
  expect([verified.exitCode, verified.stdout]).toEqual([
    0,
    expect.stringContaining("transactions 2026-09  verified"),
  ]);
  const compacted = await run("refine", "--compact", "2026-09");
  expect([compacted.exitCode, compacted.stdout]).toEqual([
    0,
    expect.stringContaining("transactions 2026-09  unchanged: 1 file"),
  ]);
  expect((await run("refine", right, "--all")).exitCode).toBe(64);
  expect((await run("refine", "--compact")).exitCode).toBe(64);
});
