/**
 * Memory does not grow with the rows or the banks. The tests measure the packaged artefact in a process of its own; its
 * heap is small, so that garbage that is not collected yet does not count.
 */
import { Packaged } from "../support/packaged";
import { World } from "../support/world";

jest.setTimeout(300_000);

const SMALL_HEAP = ["--max-old-space-size=40", "--max-semi-space-size=1"];

const MEBIBYTE = 1024 * 1024;

let world: World;
let packaged: Packaged;
beforeAll(async () => (packaged = await Packaged.create()));
afterAll(() => packaged.remove());
beforeEach(async () => (world = await World.create("empty")));
afterEach(() => world.close());

/** Runs a month of this many rows and returns the peak memory of its process. */
async function peakMemory(
  month: string,
  rows: number,
  heap: readonly string[] = SMALL_HEAP,
): Promise<number> {
  await world.sql("analyze");
  const { result, error, log, peakMemoryBytes } = await packaged.invoke(
    { month, allowEmpty: true },
    world.environment,
    heap,
  );
  expect(error).toBeUndefined();
  expect(log).not.toContain("MaxListenersExceededWarning");
  const files = result?.months[0]?.files ?? [];
  expect(files.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(rows);
  return peakMemoryBytes;
}

function report(memory: Readonly<Record<string, number>>): void {
  const figures = Object.entries(memory).map(
    ([what, bytes]) => `${(bytes / MEBIBYTE).toFixed(0)} MiB for ${what}`,
  );
  process.stdout.write(`peak memory: ${figures.join(", ")}\n`);
}

async function makeBanks(count: number): Promise<void> {
  await world.sql("insert into bank select n, 'Bank ' || n, 0 from generate_series(1, $1::int) as n", [
    count,
  ]);
}

/** Adds branches to the first three banks in turn, up to this many in all. */
async function makeBranches(count: number, address: string): Promise<void> {
  await world.sql(
    `insert into branch select n, 1 + n % 3, n || $2
     from generate_series((select count(*) from branch) + 1, $1::int) as n`,
    [count, address],
  );
}

it("memory grows by less than 60 MB for a hundred times the rows", async () => {
  await makeBanks(3);
  await makeBranches(20_000, " High Street");
  const few = await peakMemory("2026-08", 20_000);
  await makeBranches(2_000_000, " High Street");
  const many = await peakMemory("2026-09", 2_000_000);
  report({ "20,000 rows": few, "2,000,000 rows": many });
  expect(many - few).toBeLessThan(60 * 1000 * 1000);
});

it("memory does not grow with the banks: no file waits in memory to be published", async () => {
  // 60 MB in all: three files of several parts, or 300 of less than one.
  const rows = 240_000;
  await makeBanks(300);
  await makeBranches(rows, " High Street".repeat(15));
  const three = await peakMemory("2026-08", rows);
  await world.sql("update branch set bank_idbank = 1 + idbranch % 300");
  const threeHundred = await peakMemory("2026-09", rows);
  report({ "3 banks": three, "300 banks": threeHundred });
  expect(threeHundred - three).toBeLessThan(30 * 1000 * 1000);
});

it("a quarter of the function's memory suffices for 3,000 banks, whose files are all in one manifest", async () => {
  await makeBanks(3000);
  await makeBranches(3000, " High Street");
  await world.sql("update branch set bank_idbank = idbranch");
  const memory = await peakMemory("2026-09", 3000, ["--max-old-space-size=96", "--max-semi-space-size=1"]);
  report({ "3,000 banks": memory });
  expect(memory).toBeLessThan(256 * MEBIBYTE);
});
