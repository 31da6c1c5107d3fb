/**
 * A run that takes a tenant's file ends at any step without a chance to clear up. What queries see is then what they saw
 * before, or the file's rows, whole; the next run completes it with its lineage; and the first run does no harm if it was
 * only frozen and wakes up later.
 */
import type { RawStep } from "../../../src/lake/refine/raw-file";
import { compactAll, openRefining } from "../../../src/lake/refine/run";
import { parseRefineSettings } from "../../../src/lake/settings";
import type { Edge } from "../../../src/platform/edge";
import { addMonths, type Month } from "../../../src/platform/month";
import { FrozenRun } from "../../support/frozen-run";
import { deaths, runUntil, some as spread } from "../../support/mortal-run";
import { RefineWorld, transactionsOf } from "../../support/refine-world";

jest.setTimeout(600_000);

let world: RefineWorld;
let month = "2019-01" as Month;
beforeAll(async () => (world = await RefineWorld.create()));
afterAll(() => world.close());
// Each test has months of its own.
beforeEach(() => (month = addMonths(month, 2)));

const file = () => `raw/transactions/${month}.csv`;

/** Freezes a run when it is at a step. @returns what wakes it up and returns its error. */
async function freeze(uri: string, step: RawStep): Promise<() => Promise<unknown>> {
  const frozen = new FrozenRun<RawStep>(step, 1);
  const run = world.run(uri, "refine", frozen.observe).then(
    () => undefined,
    (error: unknown) => error,
  );
  await frozen.frozen;
  return () => {
    frozen.wake();
    return run;
  };
}

/** Two clients at once: the one that was frozen finds out that another was faster, or has nothing left to do. */
function expectHarmless(end: unknown): void {
  if (end !== undefined) expect(end).toMatchObject({ name: "ConflictError", retry: true });
}

async function expectInOrder(of: string, amounts: readonly string[]): Promise<void> {
  expect(await world.amounts(of)).toEqual(amounts);
  expect(await world.verify(of)).toMatchObject([{ status: "verified", problems: [] }]);
  expect(await world.lake.openUploads(world.tenant)).toEqual([]);
}

/** How many of a test's steps are tried; `npm run test:races` tries all of them. */
const COUNT = Number(process.env["REFINE_KILLS"] ?? 2);
const COMPACTION_KILLS = Number(process.env["COMPACTION_KILLS"] ?? 1);

const steps: readonly RawStep[] = [
  ...(["checked", "processed", "completed", "proven", "recorded"] as const),
  ...(["noted", "entered", "listed", "announced", "settled"] as const),
];

/** The step in the middle, and those around it. */
function some(all: readonly RawStep[]): readonly RawStep[] {
  const from = Math.max(0, Math.floor((all.length - COUNT) / 2));
  return all.slice(from, from + COUNT);
}

it.each(some(steps))("a run that ends when the file is '%s' is completed by the next one", async (step) => {
  const uri = await world.write(file(), transactionsOf(month, ["1.00"]));
  const wake = await freeze(uri, step);
  expect([[], ["1.00"]]).toContainEqual(await world.amounts(month));
  await world.run(uri);
  expectHarmless(await wake());
  await world.run(uri);
  await expectInOrder(month, ["1.00"]);
});

it.each(some(["noted", "entered", "listed", "cleaned", "settled"]))(
  "a correction to another month that ends when it is '%s' is completed, and never counts twice",
  async (step) => {
    const next = addMonths(month, 1);
    const uri = await world.write(file(), transactionsOf(month, ["1.00"]));
    await world.run(uri);
    await world.write(file(), transactionsOf(next, ["2.00"]));
    const wake = await freeze(uri, step);
    const seen = [...(await world.amounts(month)), ...(await world.amounts(next))];
    expect(seen.length).toBeLessThanOrEqual(1);
    await world.run(uri);
    expectHarmless(await wake());
    await world.run(uri);
    expect(await world.amounts(month)).toEqual([]);
    await expectInOrder(next, ["2.00"]);
  },
);

it.each(some(["checked", "recorded", "noted", "entered", "listed"]))(
  "a run frozen when the file is '%s' does no harm to a later version of the file",
  async (step) => {
    const next = addMonths(month, 1);
    const uri = await world.write(file(), transactionsOf(month, ["1.00"]));
    const wake = await freeze(uri, step);
    await world.write(file(), transactionsOf(next, ["2.00"]));
    await world.run(uri);
    expectHarmless(await wake());
    await world.run(uri);
    expect(await world.amounts(month)).toEqual([]);
    await expectInOrder(next, ["2.00"]);
  },
);

it("a withdrawal that ends before it is complete is not forgotten", async () => {
  const uri = await world.write(file(), transactionsOf(month, ["1.00"]));
  await world.run(uri);
  const frozen = new FrozenRun<RawStep>("noted", 1);
  const withdrawal = world.run(uri, "withdraw", frozen.observe).catch(() => undefined);
  await frozen.frozen;
  await world.run(uri);
  expect(await world.amounts(month)).toEqual([]);
  frozen.wake();
  await withdrawal;
  expect(await world.amounts(month)).toEqual([]);
});

it("two files that come at once are both in the month", async () => {
  const uris = await Promise.all(
    ["1.00", "2.00", "3.00"].map((amount) =>
      world.write(`raw/transactions/${month}-${amount}.csv`, transactionsOf(month, [amount])),
    ),
  );
  await Promise.all(uris.map((uri) => world.run(uri)));
  await expectInOrder(month, ["1.00", "2.00", "3.00"]);
});

it("content that one file withdraws while another one brings it stays", async () => {
  const content = transactionsOf(month, ["1.00"]);
  const first = await world.write(`raw/transactions/${month}-a.csv`, content);
  await world.run(first);
  const second = await world.write(`raw/transactions/${month}-b.csv`, content);
  // The other file comes when the withdrawal has seen that nobody has the content, and is about to remove the list.
  let hasCome = false;
  const stop = world.lake.world.aws.onRequest(async ({ operation, key }) => {
    if (hasCome || operation !== "DeleteObject" || key?.endsWith("symlink.txt") !== true) return undefined;
    hasCome = true;
    await world.run(second);
    return undefined;
  });
  await world.run(first, "withdraw").finally(stop);
  expect(hasCome).toBe(true);
  await expectInOrder(month, ["1.00"]);
});

describe("a compaction", () => {
  const amounts = ["1.00", "2.00", "3.00"];
  const compact = (edge: Edge) =>
    openRefining(parseRefineSettings(edge.environment), edge).then((open) => compactAll(open, month));

  async function threeFiles(): Promise<void> {
    for (const amount of amounts)
      await world.run(
        await world.write(`raw/transactions/${month}-${amount}.csv`, transactionsOf(month, [amount])),
      );
  }

  it("that ends at any request leaves all rows visible, and the next one completes it", async () => {
    // Long ago, because there are many of them, and only closed months are compacted.
    month = "1999-12" as Month;
    await threeFiles();
    const requestCount = await runUntil(world.lake, undefined, compact);
    expect(requestCount).toBeGreaterThan(20);
    for (const death of spread(deaths(requestCount), COMPACTION_KILLS)) {
      month = addMonths(month, 1);
      await threeFiles();
      await runUntil(world.lake, death, compact);
      expect({ death, amounts: await world.amounts(month) }).toEqual({ death, amounts });
      const { failures } = await world.compact(month);
      expect({ death, failures }).toEqual({ death, failures: [] });
      expect(await world.amounts(month)).toEqual(amounts);
      expect((await world.list(month))?.trim().split("\n")).toHaveLength(1);
      expect(await world.verify(month)).toMatchObject([{ status: "verified", problems: [] }]);
      expect((await world.lineage(month)).filter((line) => line.includes("/raw/"))).toHaveLength(3);
    }
  });
});
