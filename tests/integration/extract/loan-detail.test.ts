import { expectedDetailFiles } from "../../support/loan-detail";
import { World } from "../../support/world";

const extract = "loan_detail";

describe("the second extract, loan_detail", () => {
  let world: World;
  beforeEach(async () => (world = await World.create("seeded")));
  afterEach(() => world.close());

  it("publishes each loan of the month in a folder of its own, with manifest and totals", async () => {
    await world.sql("update loans set amount = null where idloan % 1000 = 7");
    const summary = await world.run({ extract, from: "2026-08", to: "2026-09" });

    expect(summary).toMatchObject({ extract, months: [{ status: "published" }, { status: "published" }] });
    for (const month of ["2026-08", "2026-09"]) {
      const manifest = await world.manifest(month, "loan_detail/");
      const expected = await expectedDetailFiles(world, month);
      expect(manifest).toMatchObject({ extract, month, window: { from: `${month}-01` } });
      expect(manifest.query.name).toBe("loan_detail.sql");
      expect(manifest.files.map(({ bankId }) => bankId)).toEqual([...expected.keys()]);
      for (const { key, bankId, rowCount, loanCount } of manifest.files) {
        expect(await world.read(key)).toBe(expected.get(bankId));
        expect(loanCount).toBe(String(rowCount));
      }
      expect(manifest.totals.rowCount).toBeGreaterThan(100);
    }
    expect((await world.keys()).every((key) => key.startsWith("loan_detail/"))).toBe(true);
    expect(await world.verify({ extract, from: "2026-08", to: "2026-09" })).toMatchObject([
      { extract, status: "verified" },
      { extract, status: "verified" },
    ]);
  });

  it("is independent of the first: neither sees, changes or blocks the other", async () => {
    await world.run({ month: "2026-09" });
    const before = await world.keys();
    const [first, second] = await Promise.all([
      world.run({ month: "2026-09" }),
      world.run({ extract, month: "2026-09" }),
    ]);
    expect(first.months[0]?.status).toBe("unchanged");
    expect(second.months[0]?.status).toBe("published");
    expect(await world.keys()).toEqual(expect.arrayContaining(before));
    expect((await world.verify({ month: "2026-09" }))[0]?.status).toBe("verified");
  });

  it("follows the same rules: unchanged, refused, restated", async () => {
    const run = async (input: object = {}) =>
      (await world.run({ extract, month: "2026-09", ...input })).months[0]?.status;
    expect(await run()).toBe("published");
    expect(await run()).toBe("unchanged");
    await world.sql(
      "update loans set amount = amount + 1 where idloan = (select max(idloan) from loans where loan_date < '2026-10-01' and loan_date >= '2026-09-01')",
    );
    await expect(run()).rejects.toMatchObject({ name: "AlreadyPublishedError" });
    expect(await run({ restate: true })).toBe("restated");
    expect((await world.manifest("2026-09", "loan_detail/")).revision).toBe(2);
  });

  it("publishes nothing if a loan belongs to no bank", async () => {
    await world.sql("set session_replication_role = replica");
    await world.sql("insert into loans values (1, 500, -1, '2026-09-15')");
    await expect(world.run({ extract, month: "2026-09" })).rejects.toMatchObject({
      name: "ReconciliationError",
      message: expect.stringContaining("without a bank: 1 loan of 500 in all") as string,
    });
    expect(await world.keys()).toEqual([]);
    expect(await world.openUploads()).toEqual([]);
  });
});
