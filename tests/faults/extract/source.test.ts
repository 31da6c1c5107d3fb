/** The source has what can't be published as it is, or not without somebody's intention. */
import { commandLine } from "../../support/command-line";
import { expectFailure, expectPublished } from "../../support/fault";
import { World } from "../../support/world";

jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.create("seeded");
  await world.sql("delete from loans where loan_date < '2026-03-01'");
  await world.sql("delete from loans where loan_date between '2026-07-01' and '2026-07-31'");
  await world.sql("delete from loans where loan_date >= '2026-10-01'");
});
afterAll(() => world.close());

let prefix: string;
beforeEach(() => (prefix = world.prefix()));
const options = () => ({ environment: { EXTRACT_PREFIX: prefix } });
const run = (input: object) => world.run(input, options());

const refusal = {
  name: "QueryError",
  exitCode: 1 as const,
  hint: 'on purpose, add --allow-empty, or "allowEmpty": true',
};

describe("two banks' names", () => {
  it.each([
    ["are the same but for case", "FIRST national", "differ only in case"],
    [
      "look the same",
      "Fіrst Natіonal",
      "look the same, but FirstNational has U+0069, FіrstNatіonal has U+0456",
    ],
    ["are the same but for what nobody sees", "First \u200dNational", "the same file name, FirstNational"],
  ])("%s: both are named, and nothing is published", async (_, name, message) => {
    await world.sql("insert into bank values (99, $1, 0)", [name]);
    try {
      const named = `"First National" (bank 1) and ${JSON.stringify(name)} (bank 99): `;
      await expectFailure(
        { world, options: options() },
        { name: "QueryError", exitCode: 1, message: [named, message], hint: "in the table bank" },
      );
    } finally {
      await world.sql("delete from bank where idbank = 99");
    }
  });
});

it("a bank's name has nothing but an emoji: it is named, and nothing is published", async () => {
  await world.sql("insert into bank values (99, '❤️', 0)");
  try {
    const message = ['"❤️" (bank 99): no letter or digit'];
    await expectFailure(
      { world, options: options() },
      { name: "QueryError", exitCode: 1, message, hint: "in the table bank" },
    );
  } finally {
    await world.sql("delete from bank where idbank = 99");
  }
});

describe("a month has no loans", () => {
  it.each([
    [
      "because the data begins later",
      { month: "2026-02" },
      "2026-02 is empty: the data in the table loans begins in 2026-03",
    ],
    [
      "because the data ends before",
      { month: "2026-10" },
      "2026-10 is empty: the data in the table loans ends in 2026-09",
    ],
    [
      "although others have some",
      { month: "2026-07" },
      "2026-07 is empty: the table loans has data from 2026-03 to 2026-09, but none of 2026-07",
    ],
    ["in a schedule's run", { scheduledTime: "2026-11-01T03:00:00Z" }, "2026-10 is empty: "],
    ["in a run of its single loans", { extract: "loan_detail", month: "2026-07" }, "2026-07 is empty: "],
    ["in a dry run", { month: "2026-07", dryRun: true }, "2026-07 is empty: "],
  ])("%s: nothing is staged", async (_, input, message) => {
    const operations = await world.operationsDuring(() =>
      expectFailure({ world, input, options: options() }, { ...refusal, message: [message] }),
    );
    expect(operations).not.toContain("CreateMultipartUpload");
  });

  it("in a range: none of its months is published, and each that is empty is named", async () => {
    const message =
      "2026-01, 2026-02 are empty: the data in the table loans begins in 2026-03; " +
      "2026-07 is empty: the table loans has data from 2026-03 to 2026-09, but none of 2026-07";
    const input = { from: "2026-01", to: "2026-08" };
    await expectFailure({ world, input, options: options() }, { ...refusal, message: [message] });
  });

  it("nor any other month: the run says so", async () => {
    const other = await World.create("empty");
    try {
      await other.sql("insert into bank values (1, 'Bank', 0)");
      const message = "2026-09 is empty: the table loans has no data at all";
      await expectFailure({ world: other }, { ...refusal, message: [message] });
      await expectPublished({ world: other, input: { month: "2026-09", allowEmpty: true } });
    } finally {
      await other.close();
    }
  });

  it("and the source has loans without a usable date: they are not taken for its beginning or end", async () => {
    await world.sql(
      "insert into loans values (-1, 5, null, 'infinity'), (-2, 5, null, '-infinity'), (-3, 5, null, '0206-09-15')",
    );
    try {
      const message = ["2026-02 is empty: the data in the table loans begins in 2026-03"];
      await expectFailure(
        { world, input: { month: "2026-02" }, options: options() },
        { ...refusal, message },
      );
    } finally {
      await world.sql("delete from loans where idloan < 0");
    }
  });

  it("and is asked for with allowEmpty: it is published", async () => {
    const input = { from: "2026-06", to: "2026-08", allowEmpty: true };
    await expectPublished({ world, input, options: options() });
    expect((await world.manifest("2026-07", prefix)).totals).toMatchObject({
      loanCount: "0",
      loanTotal: "0",
    });
  });

  it("and is published as empty: it may be run and restated again without allowEmpty", async () => {
    await run({ month: "2026-07", allowEmpty: true });
    expect((await run({ month: "2026-07" })).months).toMatchObject([{ status: "unchanged" }]);
    expect((await run({ month: "2026-07", restate: true })).months).toMatchObject([{ status: "unchanged" }]);
  });

  it("and is published with loans: it is changed only with restate and allowEmpty", async () => {
    await run({ month: "2026-05" });
    await world.sql(
      "create table saved as select * from loans where to_char(loan_date, 'YYYY-MM') = '2026-05'",
    );
    await world.sql("delete from loans where to_char(loan_date, 'YYYY-MM') = '2026-05'");
    try {
      await expect(run({ month: "2026-05" })).rejects.toMatchObject({ name: "AlreadyPublishedError" });
      await expect(run({ month: "2026-05", allowEmpty: true })).rejects.toMatchObject({
        name: "AlreadyPublishedError",
      });
      await expect(run({ month: "2026-05", restate: true })).rejects.toMatchObject({
        name: "QueryError",
        message: expect.stringContaining("2026-05 is empty: ") as string,
      });
      const { months } = await run({ month: "2026-05", restate: true, allowEmpty: true });
      expect(months).toMatchObject([{ status: "restated", revision: 2 }]);
    } finally {
      await world.sql("insert into loans select * from saved");
      await world.sql("drop table saved");
    }
  });

  it("and is asked for with --allow-empty from a terminal: it is published", async () => {
    const environment = { ...world.environment, EXTRACT_PREFIX: prefix };
    const refused = await commandLine(["extract", "--month", "2026-07"], environment);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stderr).toContain("--allow-empty");
    const published = await commandLine(
      ["extract", "--month", "2026-07", "--allow-empty", "--json"],
      environment,
    );
    expect(published.exitCode).toBe(0);
    expect(JSON.parse(published.stdout)).toMatchObject({ months: [{ status: "published" }] });
  });
});
