/**
 * A delivery whose process dies at a request: nothing that it sends afterwards arrives, and its connections to the database
 * end. The same event then ends in the same objects, rows and messages as if nothing had happened.
 */
import type { RequestEvent } from "../../../local/aws/server";
import { DeliveryWorld, type TaskName } from "../../support/delivery-world";
import { fileOf } from "../../support/intake-world";

jest.setTimeout(900_000);

const TIME = "2024-05-31T22:00:00Z";
const KEY = "landing/FirstNational/loans_20240531T220000Z.dat";
const right = fileOf(["1|100|1000|2024-05-01", "2||1000|2024-05-02"], { total: 100, time: TIME });
const wrong = fileOf(["1|x|1000|2024-05-01"], { total: 100, count: 2, time: TIME });

/** How many of the points of each delivery are tried: `npm run test:races` tries all. */
const KILLS = Number(process.env["DELIVERY_KILLS"] ?? 6);

let world: DeliveryWorld;
const environment = { ...process.env };
beforeAll(async () => {
  world = await DeliveryWorld.create();
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, "write").mockReturnValue(true);
  }
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

/** What happens to the request at which the process dies: it never arrives, or it takes effect and the answer is lost. */
type Fate = "lost" | "carried out";

class Dead extends Error {}

/** Takes the steps once, without the retries of the state machine. @returns the requests that arrived. */
async function takeSteps(
  address: Awaited<ReturnType<DeliveryWorld["deliver"]>>,
  dieAt = Infinity,
  fate: Fate = "lost",
): Promise<string[]> {
  const arrived: string[] = [];
  let isDead = false;
  let die: (reason: Dead) => void = () => undefined;
  const death = new Promise<never>((_, reject) => (die = reject));
  death.catch(() => undefined);
  const remove = world.world.aws.onRequest((event: RequestEvent) => {
    if (isDead) return { reset: true };
    arrived.push(event.operation);
    if (arrived.length < dieAt) return undefined;
    isDead = true;
    die(new Dead());
    return { reset: true, after: fate === "lost" ? "body" : "handled" };
  });
  let current: Promise<unknown> = Promise.resolve();
  const step = (name: TaskName, input: object) => {
    current = world.tasks[name]({ ...input });
    return Promise.race([current, death]) as Promise<{ step?: string; load?: { outcome: string } }>;
  };
  try {
    let state = await step("IntakeReceive", address);
    if (state.step === "settled") return arrived;
    state = await step("IntakeLoad", state);
    if (state.load?.outcome === "loaded") state = await step("IntakeStage", state);
    await step("IntakeSettle", state);
  } catch (error) {
    if (!(error instanceof Dead)) throw error;
    await endConnections();
    // What is left of it in this process ends by itself, because nothing answers it.
    await Promise.allSettled([current]);
  } finally {
    remove();
  }
  return arrived;
}

/** As the system does for a process that has died. */
async function endConnections(): Promise<void> {
  await world.world.sql(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'bank-batch'",
  );
  await world.world.connections();
}

/** What must be the same: all but the time, the run, and the ids that S3 and the database give. */
async function outcome(): Promise<object> {
  // The result of loading is only on its way to the report.
  const contents = Object.entries(await world.contents()).filter(([key]) => !key.endsWith(".result.json"));
  const { client, account, loans, ledger } = (await world.intake.state()) as Record<string, object[]>;
  return comparable({
    objects: contents.map(([key, text]) => [
      key,
      key.endsWith(".json") ? (JSON.parse(text) as object) : text,
    ]),
    landing: Object.keys(await world.contents(world.landing)),
    rows: { client, account, loans, ledger },
    // A repeated step may send its messages again: the last one counts.
    message: world.messages.at(-1),
    notice: world.notices.at(-1),
    uploads: await world.openUploads(),
  }) as object;
}

/** Members that come from chance or from the clock. */
const CHANCE = new Set([
  ...[
    "versionId",
    "version",
    "id",
    "deliveryId",
    "loadNumber",
    "runId",
    "settledAt",
    "loaded_at",
    "loadedBy",
    "durationsMs",
  ],
]);

function comparable(value: unknown, name = ""): unknown {
  if (CHANCE.has(name)) return undefined;
  if (typeof value === "string") return value.replaceAll(/[0-9a-f]{32}(?![0-9a-f])/g, "<id>");
  if (Array.isArray(value)) return value.map((each) => comparable(each));
  if (typeof value !== "object" || value === null) return value;
  const isStage = "rowCount" in value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [
      key,
      // The Parquet file has the id in its footer.
      isStage && key === "sha256" ? undefined : comparable(each, key),
    ]),
  );
}

describe.each([
  ["right", right],
  ["wrong", wrong],
])("a delivery that is %s", (_, body) => {
  it("ends as if nothing had happened, at whichever request its process dies", async () => {
    await world.reset();
    const requests = await takeSteps(await world.deliver(KEY, body));
    const expected = await outcome();
    expect(requests.length).toBeGreaterThanOrEqual(20);

    const points = requests.flatMap((operation, at) =>
      (["lost", "carried out"] as const).map((fate) => ({ operation, at: at + 1, fate })),
    );
    const stride = Math.max(1, Math.ceil(points.length / KILLS));
    for (const { operation, at, fate } of points.filter((__, index) => index % stride === 0)) {
      await world.reset();
      const address = await world.deliver(KEY, body);
      await takeSteps(address, at, fate);
      await takeSteps(address);
      expect({ operation, at, fate, ...(await outcome()) }).toEqual({
        operation,
        at,
        fate,
        ...expected,
      });
    }
  });
});
