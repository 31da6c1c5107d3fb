/** Memory does not grow with the rows: measured on the packaged artefact, in a process of its own. */
import { Packaged } from "../support/packaged";
import { World } from "../support/world";

jest.setTimeout(300_000);

const MEBIBYTE = 1024 * 1024;

let world: World;
let packaged: Packaged;
beforeAll(async () => {
  [world, packaged] = [await World.create("empty"), await Packaged.create()];
});
afterAll(async () => {
  await packaged.remove();
  await world.close();
});

it("stays within 60 MB for a hundred times the rows", async () => {
  const run = async (month: string, rows: number): Promise<number> => {
    await world.sql(
      `insert into branch select n, 1 + n % 3, n || ' High Street' from generate_series((select count(*) from branch) + 1, $1) as n`,
      [rows],
    );
    await world.sql("analyze");
    const { result, error, peakMemoryBytes } = await packaged.invoke({ month }, world.environment);
    expect(error).toBeUndefined();
    const files = result?.months[0]?.files ?? [];
    expect(files.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(rows);
    return peakMemoryBytes;
  };
  await world.sql("insert into bank values (1, 'One', 0), (2, 'Two', 0), (3, 'Three', 0)");

  const few = await run("2026-08", 20_000);
  const many = await run("2026-09", 2_000_000);
  process.stdout.write(
    `peak memory: ${(few / MEBIBYTE).toFixed(0)} MiB for 20,000 rows, ${(many / MEBIBYTE).toFixed(0)} MiB for 2,000,000\n`,
  );
  expect(many - few).toBeLessThan(60 * 1000 * 1000);
});
