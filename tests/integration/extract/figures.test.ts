import fc from "fast-check";

import { monthRange, type Month } from "../../../src/platform/month";
import { expectedFile, readTables } from "../../support/figures";
import { World } from "../../support/world";

/** More in `npm run test:races`. */
const RANDOM_TABLES = Number(process.env["RANDOM_TABLES"] ?? 15);

describe("the figures of generated data", () => {
  let world: World;
  beforeAll(async () => (world = await World.create("seeded")));
  afterAll(() => world.close());

  it("agree with a second computation for 36 months, read in one range", async () => {
    const tables = await readTables(world);
    const months = monthRange("2023-11" as Month, "2026-10" as Month);

    const summary = await world.run({ from: "2023-11", to: "2026-10" });

    expect(months).toHaveLength(36);
    expect(summary.months.map(({ month }) => month)).toEqual(months);
    const quietLines: string[] = [];
    for (const { month } of summary.months) {
      const { files } = await world.manifest(month);
      expect(files.map(({ bankId }) => bankId)).toEqual([1, 2, 3, 4]);
      for (const { key, bankId } of files) {
        const file = await world.read(key);
        expect(file).toBe(expectedFile(tables, bankId, month));
        quietLines.push(...file.split("\n").filter((line) => /,0,0,,[1-9]/.test(line)));
      }
    }
    // The data has the special cases: branches without loans in the month but in its window, and without any loans.
    expect(quietLines.length).toBeGreaterThan(100);
    expect(tables.branches.filter(({ loans }) => loans.length === 0).length).toBeGreaterThan(3);
  });
});

describe("the figures", () => {
  let world: World;
  beforeEach(async () => (world = await World.create("empty")));
  afterEach(() => world.close());

  const loan = fc.record({
    branch: fc.nat(5),
    day: fc.date({ min: new Date("2023-10-25"), max: new Date("2024-04-05"), noInvalidDate: true }),
    amount: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 5000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 2_000_000_000, max: 2_147_483_647 }) },
      { weight: 1, arbitrary: fc.integer({ min: -50, max: 0 }) },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
  });
  const address = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(null, "", 'a "b", c', "x\ny", "x\r\ny", "é"),
  );

  it("agree with a second computation on random loans around New Year and a leap February", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(loan, { maxLength: 60 }),
        fc.array(
          address.filter((text) => !text?.includes("\0")),
          { minLength: 6, maxLength: 6 },
        ),
        fc.constantFrom(["2023-12", "2024-03"], ["2024-01", "2024-01"], ["2024-02", "2024-02"]),
        async (loans, addresses, [from = "", to = ""]) => {
          await world.sql("truncate bank, branch, worker, client, account, loans");
          await world.sql("insert into bank values (1, 'One', 0), (2, 'Two', 0), (3, 'Three', 0)");
          await world.sql(
            `insert into branch select n, 1 + n % 2, addresses[n + 1] from (select $1::text[] as addresses) as given, generate_series(0, 5) as n`,
            [addresses],
          );
          await world.sql("insert into client select 100 + n, '', '', n from generate_series(0, 5) as n");
          await world.sql("insert into account select 200 + n, 0, 100 + n from generate_series(0, 5) as n");
          await world.sql(
            `insert into loans select n, amount, 200 + branch, day from unnest($1::int[], $2::int[], $3::date[]) with ordinality as loan (amount, branch, day, n)`,
            [
              loans.map(({ amount }) => amount),
              loans.map(({ branch }) => branch),
              loans.map(({ day }) => day.toISOString().slice(0, 10)),
            ],
          );
          const prefix = world.prefix();
          const input = { from, to, allowEmpty: true };
          const summary = await world.run(input, { environment: { EXTRACT_PREFIX: prefix } });

          const tables = await readTables(world);
          for (const { month } of summary.months) {
            const { files } = await world.manifest(month, prefix);
            for (const { key, bankId } of files) {
              expect(await world.read(key)).toBe(expectedFile(tables, bankId, month));
            }
          }
        },
      ),
      { numRuns: RANDOM_TABLES },
    );
  });

  it("match the contract's example, which was computed by hand", async () => {
    // Two branches of one bank; the first has no loans in August.
    await world.sql("insert into bank values (1, 'First National', 0)");
    await world.sql("insert into branch values (10, 1, 'High Street'), (11, 1, 'Empty Street')");
    await world.sql("insert into client values (20, '', '', 10)");
    await world.sql("insert into account values (30, 0, 20)");
    await world.sql(
      `insert into loans values (1, 999, 30, '2026-06-30'), (2, 100, 30, '2026-07-01'), (3, 200, 30, '2026-07-31'),
         (4, 300, 30, '2026-09-01'), (5, 401, 30, '2026-09-30'), (6, 999, 30, '2026-10-01')`,
    );
    await world.run({ month: "2026-09" });
    expect(await world.read("FirstNational/2026/09/FirstNational_20260930.csv")).toBe(
      "bank_id,bank_name,branch_id,branch_address,month,loan_count,loan_total,loan_average,loan_count_3m,moving_average_3m,monthly_total_average_3m\n" +
        "1,First National,10,High Street,2026-09,2,701,350.50,4,250.25,333.67\n" +
        "1,First National,11,Empty Street,2026-09,0,0,,0,,0.00\n",
    );
  });
});
