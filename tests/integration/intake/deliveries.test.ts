/** What `status` shows of deliveries that took their whole way: accepted, late, rejected, failed, on their way, missing. */
import { DeleteObjectCommand } from "@aws-sdk/client-s3";

import { openBucket, openVersions } from "../../../src/platform/bucket/bucket";
import { addDays } from "../../../src/intake/days";
import {
  type DeliveredDays,
  openDeliveries,
  readDeliveries,
  type ReadOptions,
} from "../../../src/intake/deliveries";
import { feeds } from "../../../src/intake/feeds";
import type { Rhythm } from "../../../src/intake/rhythm";
import { parseBucketSettings } from "../../../src/intake/settings";
import { commandLine } from "../../support/command-line";
import { DeliveryWorld } from "../../support/delivery-world";
import { fileOf } from "../../support/intake-world";

jest.setTimeout(60_000);

const now = new Date();
const day = (back: number) => addDays(now.toISOString().slice(0, 10), -back);
const everyDay: Rhythm = { every: "day", dueAfterDays: 1, dueAt: "00:00", timeZone: "UTC" };

let world: DeliveryWorld;
const environment = { ...process.env };
beforeAll(async () => {
  world = await DeliveryWorld.create();
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
  await deliverAll();
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

/** A file of loans for a day; its trailer states `count` records. */
async function put(back: number, amount: number, count = 1) {
  const time = `${day(back)}T00:00:05Z`;
  const key = `landing/FirstNational/loans_${time.replaceAll(/[-:]/g, "")}.dat`;
  return world.deliver(key, fileOf([`1|${amount}|1000|2024-05-01`], { total: amount, time, count }));
}

async function deliverAll(): Promise<void> {
  const broken = () => Promise.reject(Object.assign(new Error("it broke"), { name: "QueryError" }));
  await world.run(await put(6, 6));
  await world.run(await put(5, 5, 2));
  await world.run(await put(4, 4, 2));
  await world.run(await put(4, 4));
  await world.run(await put(3, 3), { IntakeLoad: broken });
  await world.tasks.IntakeReceive({ ...(await put(2, 2)) });
  await world.run(await put(0, 1));
  // A file whose name is wrong is no bank's.
  await world.run(await world.deliver("landing/FirstNational/loans.txt", "x"));
}

const range = { from: day(6), to: day(0), banks: ["PaperBank"], now };

function read(options: Partial<ReadOptions> = {}): Promise<DeliveredDays> {
  return world.byHand(async (edge) => {
    const { bucket } = parseBucketSettings(edge.environment);
    const [versions, objects] = await Promise.all([openVersions(bucket, edge), openBucket(bucket, edge)]);
    return readDeliveries(versions, objects, { ...range, ...options });
  });
}

const withRhythm = (rhythm: Rhythm, rhythms = {}) => feeds.map((feed) => ({ ...feed, rhythm, rhythms }));
const signsOf = ({ calendar }: DeliveredDays, bank: string, feed: string) =>
  calendar.banks
    .find((each) => each.bank === bank)
    ?.feeds.find((each) => each.feed === feed)
    ?.cells.map(({ sign }) => sign);

it("each day has the outcome of its deliveries, and is missing without one", async () => {
  const delivered = await read({ feeds: withRhythm(everyDay) });
  expect(signsOf(delivered, "FirstNational", "loans")).toEqual([
    ...["late", "rejected", "late", "failed", "open", "missing", "accepted"],
  ]);
  expect(signsOf(delivered, "FirstNational", "clients")).toEqual([
    ...Array<string>(6).fill("missing"),
    "awaited",
  ]);
  expect(delivered.calendar.banks.map(({ bank }) => bank)).toEqual(["FirstNational", "PaperBank"]);
});

it("nothing is late or missing before its time, or of a bank that delivers nothing", async () => {
  const delivered = await read({
    feeds: withRhythm({ ...everyDay, dueAfterDays: 30 }, { PaperBank: null }),
  });
  expect(signsOf(delivered, "FirstNational", "loans")).toEqual([
    ...["accepted", "rejected", "accepted", "failed", "open", "awaited", "accepted"],
  ]);
  expect(signsOf(delivered, "PaperBank", "loans")).toEqual(Array(7).fill("none"));
});

it("a delivery for a month counts on the month's last day", async () => {
  const monthly: Rhythm = { every: "month", dueDay: 28, dueAt: "00:00", timeZone: "UTC" };
  const month = { from: "2024-02-01", to: "2024-02-29" };
  const time = "2024-02-12T08:00:00Z";
  const file = fileOf(["9|1|1000|2024-02-01"], { total: 1, time });
  await world.run(await world.deliver("landing/FirstNational/loans_20240212T080000Z.dat", file));
  const signs = signsOf(await read({ ...month, feeds: withRhythm(monthly) }), "FirstNational", "loans");
  expect(signs).toEqual([...Array<string>(28).fill("none"), "late"]);
});

it("problems are named with the report, with the time at which a delivery was due, or with how many are missing", async () => {
  const { problems } = await read({
    ...{ feeds: withRhythm(everyDay).filter(({ name }) => name !== "accounts"), banks: [] },
  });
  expect(problems).toEqual([
    `${day(6)}: clients of FirstNational is missing for 6 days, the last ${day(1)}.`,
    expect.stringMatching(
      `^${day(5)}: loans of FirstNational was rejected. Its report: error/FirstNational/loans_.*report.json$`,
    ),
    expect.stringMatching(`^${day(3)}: loans of FirstNational has failed. Its report: error/`),
    `${day(1)}: loans of FirstNational is missing, due ${day(0)} 00:00 UTC.`,
  ]);
});

it("opens no report but those of rejected and failed deliveries", async () => {
  const before = world.world.aws.requests.length;
  await read();
  const opened = world.world.aws.requests
    .slice(before)
    .flatMap(({ operation, key }) => (operation === "GetObject" ? [key?.split("/")[0]] : []));
  expect(opened).toEqual(["error", "error", "error"]);
});

it("a delivery that is taken again arrived when it first came; if its copy in raw/ has expired, when it was settled", async () => {
  const ofDay = async () => {
    const { calendar } = await read({ feeds: withRhythm(everyDay) });
    const cell = calendar.banks[0]?.feeds.at(-1)?.cells[3];
    return { sign: cell?.sign, ...cell?.deliveries[0] };
  };
  const failed = await ofDay();
  const rawKey = (failed.report ?? "").replace("error/", "raw/").replace("report.json", "dat");
  expect(await world.replay(rawKey)).toMatchObject({ outcome: "loaded" });
  expect(await ofDay()).toMatchObject({ sign: "late", arrivedAt: failed.arrivedAt });

  await world.world.s3.send(new DeleteObjectCommand({ Bucket: world.bucket, Key: rawKey }));
  const expired = await ofDay();
  expect(expired.sign).toBe("late");
  expect(expired.arrivedAt?.getTime()).toBeGreaterThan(failed.arrivedAt?.getTime() ?? Infinity);
});

it("status shows the calendar below the extract's, and has it in its JSON", async () => {
  const settings = { ...world.world.environment, ...world.environment, AWS_SDK_UA_APP_ID: "test" };
  const text = await commandLine(["status"], settings);
  expect(text.exitCode).toBe(0);
  expect(text.stdout).toMatch(/\nDeliveries\n\n(.*\n){3}FirstNational\n {2}clients +[^a-z]+\n {2}accounts /);
  const calendar = text.stdout.split("\nDeliveries\n")[1]?.split(/\n\n(?=[●◐…✗!–○·] )/)[0] ?? "";
  const width = Math.max(...calendar.split("\n").map((line) => line.length));
  expect([width > 60, width <= 80]).toEqual([true, true]);

  const { stdout } = await commandLine(["status", "--json"], settings);
  const { deliveries } = JSON.parse(stdout) as { deliveries: { bank: string; feed: string; day: string }[] };
  expect(deliveries.find((each) => each.feed === "loans" && each.day === day(5))).toMatchObject({
    ...{ bank: "FirstNational", status: "rejected", deliveries: [{ outcome: "rejected" }] },
  });

  const without = await commandLine(["status", "--json"], { ...settings, INTAKE_BUCKET: undefined });
  expect(without.exitCode).toBe(0);
  expect(JSON.parse(without.stdout)).not.toHaveProperty("deliveries");
});

it("a bucket that doesn't exist is a StorageError", async () => {
  const opening = world.byHand((edge) =>
    openDeliveries(range, { ...edge, environment: { ...edge.environment, INTAKE_BUCKET: "none" } }),
  );
  await expect(opening).rejects.toMatchObject({ name: "StorageError" });
});
