/** Published months in every state that the pictures show, each in a world of its own. */
import { LakeWorld } from "../support/lake-world";
import { publishEventfulYear } from "../support/eventful-year";
import { World } from "../support/world";

export interface State {
  readonly name: string;
  readonly months: Readonly<Record<string, string>>;
  readonly publish: (world: World) => Promise<unknown>;
  /** Which of these months the lake has; without it, no lake is set. */
  readonly inLake?: Readonly<Record<string, string>>;
}

const YEAR = { from: "2025-10", to: "2026-09" };

export const states: readonly State[] = [
  {
    name: "year",
    months: YEAR,
    publish: publishYear,
    inLake: { from: "2025-10", to: "2026-08" },
  },
  { name: "eventful", months: YEAR, publish: publishEventfulYear },
  { name: "nothing", months: YEAR, publish: () => Promise.resolve() },
  { name: "one-month", months: { month: "2026-09" }, publish: (world) => world.run({ month: "2026-09" }) },
  {
    name: "three-months",
    months: { from: "2026-07", to: "2026-09" },
    publish: (world) => world.run({ from: "2026-05", to: "2026-09" }),
  },
  {
    name: "two-years",
    months: { from: "2023-08", to: "2025-07" },
    publish: (world) => world.run({ from: "2023-08", to: "2025-07", allowEmpty: true }),
  },
  { name: "five-years", months: { from: "2021-10", to: "2026-09" }, publish: publishFiveYears },
  { name: "damaged", months: YEAR, publish: publishDamaged },
  { name: "withdrawn", months: YEAR, publish: publishWithdrawn },
];

/** Everything is published; a bank lends much more in the last month, and one month was restated. */
async function publishYear(world: World): Promise<void> {
  await world.sql(
    "update loans set amount = amount * 1.6 where loan_date >= '2026-09-01' and loan_date < '2026-10-01' " +
      "and account_idaccount in (select idaccount from account join client on idclient = client_idclient " +
      "join branch on idbranch = branch_idbranch where bank_idbank = 2)",
  );
  await world.run({ from: "2024-08", to: "2026-06" });
  await world.sql("update loans set amount = amount + 500 where loan_date = '2026-06-10'");
  await world.run({
    month: "2026-06",
    restate: true,
    reason: "loans of 10 June were booked too low",
    by: "the head of lending",
  });
  await world.run({ from: "2026-07", to: "2026-09" });
}

/** The invented loans cover three years: two more years are copies of them, with lower amounts. */
async function publishFiveYears(world: World): Promise<void> {
  await world.sql(
    "insert into loans (idloan, amount, account_idaccount, loan_date) " +
      "select idloan + 1000000, amount * 0.7, account_idaccount, loan_date - interval '3 years' from loans " +
      "where loan_date < '2026-09-01'",
  );
  await world.run({ from: "2021-08", to: "2026-09" });
}

async function publishDamaged(world: World): Promise<void> {
  await world.run({ from: "2025-10", to: "2026-09" });
  const { files } = await world.manifest("2026-07");
  await world.remove(files[0]?.key ?? "", files[0]?.versionId);
  await world.put("_manifests/2026/02.json", "{}");
  await world.put("FirstNational/2026/04/FirstNational_20260430.csv", "put here by hand");
}

async function publishWithdrawn(world: World): Promise<void> {
  await world.run({ from: "2025-10", to: "2026-09" });
  await world.withdraw({ month: "2026-08", reason: "published from test data", by: "the head of lending" });
}

/** A world in which the months are in a state. */
export interface Prepared {
  /** The settings of the commands. */
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

export async function prepare({ publish, inLake }: State): Promise<Prepared> {
  if (inLake === undefined) {
    const world = await World.create("seeded");
    await publish(world);
    return { environment: world.environment, close: () => world.close() };
  }
  const lakeWorld = await LakeWorld.create("seeded");
  await publish(lakeWorld.world);
  await lakeWorld.run({ ...inLake, dataset: "loan_moving_average" });
  return { environment: lakeWorld.environment, close: () => lakeWorld.close() };
}
