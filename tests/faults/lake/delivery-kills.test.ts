/**
 * A run that takes a delivery into the lake ends at any request without a chance to clear up. What queries see is then what
 * they saw before, or all of the delivery; the next run completes it with its lineage; and the first run does no harm if it
 * was only frozen and wakes up later.
 */
import type { DeliveryMessage } from "../../../src/intake/messages";
import type { LakeStep } from "../../../src/lake/lake-month";
import { bringOne, openLake } from "../../../src/lake/run";
import { parseLakeSettings } from "../../../src/lake/settings";
import { readTenants } from "../../../src/lake/tenants";
import type { Edge } from "../../../src/platform/edge";
import { addMonths, lastDayOf, type Month } from "../../../src/platform/month";
import { DeliveriesInLake } from "../../support/deliveries-in-lake";
import { FrozenRun } from "../../support/frozen-run";
import { deaths, runUntil, some } from "../../support/mortal-run";

jest.setTimeout(600_000);

/** How many of the requests and steps are tried; `npm run test:races` tries all of them. */
const COUNT = Number(process.env["LAKE_DELIVERY_KILLS"] ?? 1);

const tenants = readTenants(undefined).map((tenant) => ({ ...tenant, datasets: ["loans"] }));
const [tenant = { id: "", bankId: 0, name: "", datasets: [] }] = tenants;

let world: DeliveriesInLake;
let month = "1999-12" as Month;
const environment = { ...process.env };
beforeAll(async () => {
  world = await DeliveriesInLake.create(tenants);
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

/** A delivery of two loans, in a month of its own. */
function send(): Promise<DeliveryMessage> {
  month = addMonths(month, 1);
  const id = Number(month.replace("-", "")) * 10;
  const details = [`${id}|1|1000|`, `${id + 1}|2|1000|`];
  return world.send({ time: `${lastDayOf(month)}T22:00:00Z`, details, total: 3 });
}

const take =
  ({ report }: DeliveryMessage, step?: (event: { readonly step: LakeStep }) => void | Promise<void>) =>
  async (edge: Edge): Promise<void> =>
    bringOne(await openLake(parseLakeSettings(edge.environment), edge, step ? { step } : {}), report);

const amounts = async () =>
  ((await world.lake.rows(tenant, "loans", month, "select amount from month order by 1")) ?? []).flat();

/** Two clients at once: the one that was frozen finds out that another was faster, or has nothing left to do. */
function expectHarmless(end: unknown): void {
  if (end !== undefined) expect(end).toMatchObject({ name: "ConflictError", retry: true });
}

async function expectInOrder(): Promise<void> {
  expect(await amounts()).toEqual([1, 2]);
  expect(await world.verify("loans", month)).toMatchObject([{ status: "verified", problems: [] }]);
  expect(world.announced.filter((each) => each["month"] === month)).not.toEqual([]);
}

it("a run that ends at any request is completed by the next one", async () => {
  const requestCount = await runUntil(world.lake, undefined, take(await send()));
  await expectInOrder();
  expect(requestCount).toBeGreaterThan(15);
  for (const death of some(deaths(requestCount), COUNT)) {
    const message = await send();
    await runUntil(world.lake, death, take(message));
    expect([[], [1, 2]]).toContainEqual(await amounts());
    await runUntil(world.lake, undefined, take(message));
    await expectInOrder();
    const before = world.announced.length;
    await runUntil(world.lake, undefined, take(message));
    expect(world.announced).toHaveLength(before);
  }
});

const steps: readonly LakeStep[] = [
  ...(["listed", "completed", "proven", "recorded", "entered", "announced", "settled"] as const),
];

it.each(steps.slice(0, COUNT))(
  "a run frozen when it is at '%s' does no harm if it wakes up later",
  async (step) => {
    const message = await send();
    const frozen = new FrozenRun(step, 1);
    const run = world.lake.inTime({ caller: "operator" }, take(message, frozen.observe)).then(
      () => undefined,
      (error: unknown) => error,
    );
    await frozen.frozen;
    await runUntil(world.lake, undefined, take(message));
    frozen.wake();
    expectHarmless(await run);
    await expectInOrder();
  },
);
