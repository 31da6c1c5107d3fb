/** The usual mistakes of such extracts, one per test: what the window counts, what the files contain, how a run ends. */
import { Client } from "pg";

import { readTables, expectedFile } from "../../support/figures";
import { World } from "../../support/world";

/** Runs the month for one bank, one branch with one account, and these loans. Returns the branch's fields. */
async function lineOf(
  world: World,
  month: string,
  loans: readonly (readonly [day: string, amount: number])[],
) {
  await world.sql("truncate bank, branch, worker, client, account, loans");
  await world.sql("insert into bank values (1, 'Bank', 0)");
  await world.sql("insert into branch values (10, 1, 'High Street')");
  await world.sql("insert into client values (20, '', '', 10)");
  await world.sql("insert into account values (30, 0, 20)");
  for (const [index, [day, amount]] of loans.entries()) {
    await world.sql("insert into loans values ($1, $2, 30, $3)", [index, amount, day]);
  }
  const { months } = await world.run({ month, restate: true, allowEmpty: true });
  const file = await world.read(months[0]?.files[0]?.key ?? "");
  const [count, total, average, count3m, movingAverage3m, totalAverage3m] =
    file.split("\n")[1]?.split(",").slice(5) ?? [];
  return { count, total, average, count3m, movingAverage3m, totalAverage3m };
}

describe("the window", () => {
  let world: World;
  beforeAll(async () => (world = await World.create("empty")));
  afterAll(() => world.close());

  it("is three calendar months, not the last three in which the branch lent", async () => {
    const line = await lineOf(world, "2026-09", [
      ["2026-04-10", 9000],
      ["2026-06-10", 9000],
      ["2026-07-10", 100],
      ["2026-09-10", 200],
    ]);
    expect(line).toMatchObject({ count3m: "2", movingAverage3m: "150.00", totalAverage3m: "100.00" });
  });

  it("is three months, not three rows: all loans of a month count", async () => {
    const line = await lineOf(world, "2026-09", [
      ["2026-09-01", 10],
      ["2026-09-02", 20],
      ["2026-09-03", 30],
      ["2026-09-04", 40],
      ["2026-08-05", 100],
    ]);
    expect(line).toMatchObject({
      count: "4",
      total: "100",
      average: "25.00",
      count3m: "5",
      movingAverage3m: "40.00",
    });
  });

  it("ends with the month and begins two months before, so the average is not cumulative", async () => {
    const loans = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((month): [string, number] => [
      `2026-0${month}-15`,
      month * 100,
    ]);
    expect(await lineOf(world, "2026-06", loans)).toMatchObject({ count3m: "3", movingAverage3m: "500.00" });
  });

  it("is not 90 days: the 1st of a 92-day window counts, the day before a 90-day one does not", async () => {
    const summer = await lineOf(world, "2026-09", [["2026-07-01", 500]]);
    expect(summer).toMatchObject({ count3m: "1", movingAverage3m: "500.00" });
    const winter = await lineOf(world, "2026-02", [
      ["2025-11-30", 500],
      ["2025-12-01", 700],
    ]);
    expect(winter).toMatchObject({ count3m: "1", movingAverage3m: "700.00" });
  });

  it.each([
    ["2026-01", ["2025-11-01", "2025-12-31", "2026-01-31"], "2025-10-31"],
    ["2026-02", ["2025-12-01", "2026-01-15", "2026-02-28"], "2025-11-30"],
    ["2026-03", ["2026-01-01", "2026-02-28", "2026-03-31"], "2025-12-31"],
    ["2026-04", ["2026-02-01", "2026-03-31", "2026-04-30"], "2026-01-31"],
  ])("of %s covers exactly three months around New Year", async (month, inside, outside) => {
    const line = await lineOf(world, month, [
      ...inside.map((day): [string, number] => [day, 300]),
      [outside, 999],
    ]);
    expect(line).toMatchObject({ count3m: "3", movingAverage3m: "300.00" });
  });

  it("does not mix the same month of different years", async () => {
    const line = await lineOf(world, "2026-09", [
      ["2025-09-15", 900],
      ["2024-08-15", 900],
      ["2026-09-15", 100],
    ]);
    expect(line).toMatchObject({ count: "1", count3m: "1", movingAverage3m: "100.00" });
  });

  it("ends on 29 February in a leap year", async () => {
    const line = await lineOf(world, "2024-02", [
      ["2024-02-29", 100],
      ["2024-03-01", 900],
    ]);
    expect(line).toMatchObject({ count: "1", total: "100", count3m: "1" });
  });

  it("assigns the month's first and last day, and the days next to them, to the right months", async () => {
    const line = await lineOf(world, "2026-09", [
      ["2026-08-31", 1],
      ["2026-09-01", 10],
      ["2026-09-30", 20],
      ["2026-10-01", 4],
    ]);
    expect(line).toMatchObject({ count: "2", total: "30", count3m: "3" });
  });

  it("never contains the current month", async () => {
    const line = await lineOf(world, "2026-10", [
      ["2026-10-31", 10],
      ["2026-11-01", 900],
      ["2026-11-19", 900],
    ]);
    expect(line).toMatchObject({ count: "1", total: "10", count3m: "1" });
    await expect(world.run({ month: "2026-11" })).rejects.toThrow("2026-11 has not ended");
  });

  it("has exact totals beyond 32 bits", async () => {
    const line = await lineOf(world, "2026-09", [
      ["2026-07-01", 2_147_483_647],
      ["2026-08-01", 2_147_483_647],
      ["2026-09-01", 2_147_483_647],
      ["2026-09-02", 2_147_483_646],
    ]);
    expect(line).toEqual({
      count: "2",
      total: "4294967293",
      average: "2147483646.50",
      count3m: "4",
      movingAverage3m: "2147483646.75",
      totalAverage3m: "2863311529.00",
    });
  });

  it("rounds half away from zero, below zero too", async () => {
    const thirds = [1, 0, 0, 0, 0, 0, 0, 0];
    const up = await lineOf(
      world,
      "2026-09",
      thirds.map((amount): [string, number] => ["2026-09-15", amount]),
    );
    expect(up).toMatchObject({ average: "0.13" });
    const down = await lineOf(
      world,
      "2026-09",
      thirds.map((amount): [string, number] => ["2026-09-15", -amount]),
    );
    expect(down).toMatchObject({ average: "-0.13" });
  });
});

describe("the files", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create("seeded");
    await world.run({ from: "2026-08", to: "2026-09" });
  });
  afterAll(() => world.close());

  it("are one per bank, each with only its own branches, even for a bank without branches", async () => {
    const tables = await readTables(world);
    const { files } = await world.manifest("2026-09");
    expect(files.map(({ bankName }) => bankName)).toEqual(tables.banks.map(({ name }) => name));
    const branchIds = await Promise.all(
      files.map(async ({ key }) =>
        [...(await world.read(key)).matchAll(/^\d+,(?:"(?:[^"]|"")*"|[^",]*),(\d+),/gm)].map(([, id]) =>
          Number(id),
        ),
      ),
    );
    for (const [index, { id }] of tables.banks.entries()) {
      expect(branchIds[index]).toEqual(
        tables.branches.filter(({ bankId }) => bankId === id).map((branch) => branch.id),
      );
    }
    expect(await world.read("PaperBank/2026/09/PaperBank_20260930.csv")).toBe(
      expectedFile(tables, 4, "2026-09"),
    );
  });

  it("have exact keys, without folder objects or spaces and with a padded date", async () => {
    expect((await world.keys()).filter((key) => key.includes("/2026/09/"))).toEqual([
      "CréditDÉté/2026/09/CréditDÉté_20260930.csv",
      "FirstNational/2026/09/FirstNational_20260930.csv",
      "PaperBank/2026/09/PaperBank_20260930.csv",
      "SmithJonesSöhne/2026/09/SmithJonesSöhne_20260930.csv",
    ]);
  });

  it("of a month leave the files of other months unchanged", async () => {
    const before = await world.read("FirstNational/2026/08/FirstNational_20260831.csv");
    await world.run({ month: "2026-10" });
    expect(await world.read("FirstNational/2026/08/FirstNational_20260831.csv")).toBe(before);
    expect(await world.keys()).toHaveLength(3 * (4 + 1));
  });

  it("are the same after a rerun: nothing is appended", async () => {
    const before = await world.read("FirstNational/2026/09/FirstNational_20260930.csv");
    const { months } = await world.run({ month: "2026-09" });
    expect(months[0]?.status).toBe("unchanged");
    expect(await world.read("FirstNational/2026/09/FirstNational_20260930.csv")).toBe(before);
  });

  it("exist throughout a restatement: nothing is ever deleted", async () => {
    await world.sql(
      "update loans set amount = amount + 1 where loan_date between '2026-09-01' and '2026-09-30'",
    );
    const operations = await world.operationsDuring(() => world.run({ month: "2026-09", restate: true }));
    expect(operations).toContain("PutObject");
    expect(operations.filter((operation) => operation.startsWith("Delete"))).toEqual([]);
  });
});

describe("a run", () => {
  let world: World;
  beforeAll(async () => (world = await World.create("seeded")));
  afterAll(() => world.close());

  it("binds every value: a bank's name is never part of a statement", async () => {
    await world.sql("update bank set name = $1 where idbank = 2", [`Robert'); drop table loans; --`]);
    const { months } = await world.run({ month: "2026-09" });
    expect(months[0]?.files[1]?.key).toBe("RobertDropTableLoans/2026/09/RobertDropTableLoans_20260930.csv");
    expect(await world.read(months[0]?.files[1]?.key ?? "")).toContain(`Robert'); drop table loans; --`);
  });

  it("that fails rejects with an error and publishes nothing", async () => {
    await world.sql("alter table loans rename to loans_gone");
    await expect(world.run({ month: "2026-08" })).rejects.toMatchObject({ name: "QueryError" });
    await world.sql("alter table loans_gone rename to loans");
    expect((await world.keys()).filter((key) => key.includes("/2026/08"))).toEqual([]);
  });

  it("writes nothing to the source, and its role may not write there", async () => {
    // Without this, the server may count earlier writes later.
    await world.sql("select pg_stat_force_next_flush()");
    const [before] = await world.sql(
      "select sum(n_tup_ins + n_tup_upd + n_tup_del) as writes from pg_stat_user_tables",
    );
    await world.run({ month: "2026-07" });
    const [after] = await world.sql(
      "select sum(n_tup_ins + n_tup_upd + n_tup_del) as writes from pg_stat_user_tables",
    );
    expect(after).toEqual(before);

    const { host, port, dbname, username, password } = world.secret;
    const program = new Client({
      ...{ host: String(host), port: Number(port), database: String(dbname) },
      ...{ user: String(username), password: String(password) },
    });
    await program.connect();
    const writes = [
      "insert into loans values (0, 1, null, null)",
      "update bank set name = ''",
      "delete from loans",
    ];
    for (const write of writes) {
      const insufficientPrivilege = "42501";
      await expect(program.query(write)).rejects.toMatchObject({ code: insufficientPrivilege });
    }
    await program.end();
  });

  it("leaves the password out of everything it writes", async () => {
    const written: string[] = [];
    await world.run({ month: "2026-06" }, { observe: (event) => written.push(JSON.stringify(event)) });
    for (const key of await world.keys()) written.push(await world.read(key));
    expect(written.join("\n")).toContain("2026-06");
    expect(written.join("\n")).not.toContain(String(world.secret["password"]));
  });
});
