/** The source has content that can't be published, or only if the request allows it. */
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
  hint: 'on purpose, add "allowEmpty": true',
};

describe("two banks whose names", () => {
  it.each([
    ["differ only in case", "FIRST national", "differ only in case"],
    [
      "look the same",
      "Fіrst Natіonal",
      "look the same, but FirstNational has U+0069, FіrstNatіonal has U+0456",
    ],
    ["differ only in an invisible character", "First \u200dNational", "the same file name, FirstNational"],
  ])("%s fail the run, which names both and publishes nothing", async (_, name, message) => {
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

it("a bank whose name is only an emoji fails the run, which names it and publishes nothing", async () => {
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

describe("a month without loans", () => {
  it.each([
    [
      "before the data begins",
      { month: "2026-02" },
      "2026-02 is empty: the data in the table loans begins in 2026-03",
    ],
    [
      "after the data ends",
      { month: "2026-10" },
      "2026-10 is empty: the data in the table loans ends in 2026-09",
    ],
    [
      "between months with loans",
      { month: "2026-07" },
      "2026-07 is empty: the table loans has data from 2026-03 to 2026-09, but none of 2026-07",
    ],
    ["in a scheduled run", { scheduledTime: "2026-11-01T03:00:00Z" }, "2026-10 is empty: "],
    ["in an extract of single loans", { extract: "loan_detail", month: "2026-07" }, "2026-07 is empty: "],
    ["in a dry run", { month: "2026-07", dryRun: true }, "2026-07 is empty: "],
  ])("%s fails the run, and nothing is staged", async (_, input, message) => {
    const operations = await world.operationsDuring(() =>
      expectFailure({ world, input, options: options() }, { ...refusal, message: [message] }),
    );
    expect(operations).not.toContain("CreateMultipartUpload");
  });

  it("in a range fails the run, which publishes nothing and names every empty month", async () => {
    const message =
      "2026-01, 2026-02 are empty: the data in the table loans begins in 2026-03; " +
      "2026-07 is empty: the table loans has data from 2026-03 to 2026-09, but none of 2026-07";
    const input = { from: "2026-01", to: "2026-08" };
    await expectFailure({ world, input, options: options() }, { ...refusal, message: [message] });
  });

  it("in a source without any loans fails the run, which says so", async () => {
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

  it("fails the run with a message that ignores loans without a usable date", async () => {
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

  it("is published with allowEmpty", async () => {
    const input = { from: "2026-06", to: "2026-08", allowEmpty: true };
    await expectPublished({ world, input, options: options() });
    expect((await world.manifest("2026-07", prefix)).totals).toMatchObject({
      loanCount: "0",
      loanTotal: "0",
    });
  });

  it("that is published as empty can be run and restated again without allowEmpty", async () => {
    await run({ month: "2026-07", allowEmpty: true });
    expect((await run({ month: "2026-07" })).months).toMatchObject([{ status: "unchanged" }]);
    expect((await run({ month: "2026-07", restate: true })).months).toMatchObject([{ status: "unchanged" }]);
  });

  it("that was published with loans changes only with restate and allowEmpty", async () => {
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

  it("is published with --allow-empty on the command line", async () => {
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
