/** What is known of some days' deliveries by the keys of a bucket, and what is told of them. */
import {
  type DaysWanted,
  hasIntake,
  lastDays,
  readDeliveries,
  type ReadOptions,
} from "../../../src/intake/deliveries";
import type { Feed } from "../../../src/intake/feed";
import { feedNamed } from "../../../src/intake/feeds";
import { banksIn, findDeliveries } from "../../../src/intake/found-deliveries";
import type { Outcome } from "../../../src/intake/report";
import type { DailyRhythm, Rhythm } from "../../../src/intake/rhythm";

const loans = feedNamed("loans");
if (loans === undefined) throw new Error("there is no feed loans");

const everyDay: DailyRhythm = { every: "day", dueAfterDays: 1, dueAt: "06:00", timeZone: "UTC" };
const feedWith = (rhythm: Rhythm, name = "loans"): Feed => ({ ...loans, name, rhythm });

/** 14 September, noon. */
const NOON = new Date("2026-09-14T12:00:00Z");
const idOf = (digit: number) => String(digit).repeat(32);

/** A bucket of which each key was written an hour after the one before; a report says what its key's outcome is. */
function bucketOf(keys: readonly string[], outcomes: Readonly<Record<string, Outcome>> = {}) {
  const objects = keys.map((key, at) => ({ key, writtenAt: new Date(NOON.getTime() + at * 3_600_000) }));
  const listed: string[] = [];
  const read: string[] = [];
  return {
    listed,
    read,
    versions: {
      folders: (prefix: string) => {
        const below = keys.filter((key) => key.startsWith(prefix));
        return Promise.resolve([...new Set(below.map((key) => key.split("/")[1] ?? ""))]);
      },
      async *listObjects(prefix: string, { after = "" } = {}) {
        await Promise.resolve();
        const found = objects.filter(({ key }) => key.startsWith(prefix) && key > after);
        for (const each of found.sort((one, other) => (one.key < other.key ? -1 : 1))) {
          listed.push(each.key);
          yield each;
        }
      },
    },
    objects: {
      read: (key: string) => {
        read.push(key);
        const outcome = outcomes[key];
        if (outcome === undefined) return Promise.resolve(undefined);
        const rest = { delivery: "1", key: "landing/x", problemCount: 0, settledAt: "2026-09-15T00:00:00Z" };
        const text = JSON.stringify({ schemaVersion: 1, outcome, ...rest });
        return Promise.resolve({ text, version: { etag: "e", versionId: "1" } });
      },
    },
  };
}

const day = (date: string) => ({ from: date, to: date });

describe("the banks that have delivered anything", () => {
  it("are those with a folder in raw/, archive/ or error/, each once", async () => {
    const { versions } = bucketOf([
      ...["raw/New/a", "archive/Loaded/b", "error/Rejected/c", "archive/New/d", "stage/Staged/e"],
      "error/_unnamed/f",
    ]);
    expect(await banksIn(versions)).toEqual(["New", "Loaded", "Rejected"]);
  });
});

describe("the deliveries of a day", () => {
  const find = (keys: readonly string[], wanted: Omit<DaysWanted, "banks">, feeds = [feedWith(everyDay)]) =>
    findDeliveries(bucketOf(keys).versions, { feeds, banks: ["Bank"], ...wanted });
  const at = (area: string, time: string, digit: number, extension: string) =>
    `${area}/Bank/loans_${time}Z.${idOf(digit)}.${extension}`;

  it("are where they were settled, with their reports, and arrived when their files did", async () => {
    const time = "20260914T080000";
    const found = await find(
      [
        ...[at("raw", time, 2, "dat"), at("raw", time, 1, "dat.gz"), at("raw", time, 3, "dat")],
        ...[at("raw", time, 1, "result.json"), at("archive", time, 1, "dat.gz")],
        ...[at("archive", time, 1, "report.json"), at("error", time, 2, "dat")],
        ...[at("error", time, 2, "rejects.csv"), at("error", time, 2, "report.json")],
        // Its file in raw/ has expired.
        ...[at("error", time, 4, "dat"), at("error", time, 4, "report.json")],
      ],
      day("2026-09-14"),
    );
    const about = { bank: "Bank", feed: "loans", businessTime: "2026-09-14T08:00:00Z", day: "2026-09-14" };
    const hour = (hours: number) => new Date(NOON.getTime() + hours * 3_600_000);
    expect(found).toEqual([
      {
        ...{ ...about, id: idOf(2), area: "error", arrivedAt: hour(0) },
        report: at("error", time, 2, "report.json"),
      },
      {
        ...{ ...about, id: idOf(1), area: "archive", arrivedAt: hour(1) },
        report: at("archive", time, 1, "report.json"),
      },
      { ...about, id: idOf(3), area: "raw", arrivedAt: hour(2) },
      {
        ...{ ...about, id: idOf(4), area: "error", arrivedAt: hour(10) },
        report: at("error", time, 4, "report.json"),
      },
    ]);
    expect(found[2]).not.toHaveProperty("report");
  });

  it("are archived when they are taken again, although their error has not gone yet", async () => {
    const keys = ["raw", "archive", "error"].flatMap((area) =>
      ["dat", "report.json"].map((extension) => at(area, "20260914T080000", 1, extension)),
    );
    expect(await find(keys, day("2026-09-14"))).toMatchObject([
      { area: "archive", report: at("archive", "20260914T080000", 1, "report.json") },
    ]);
  });

  it("are those of the local day, which may be the day before or after in UTC", async () => {
    const keys = ["20260913T080000", "20260913T120000", "20260914T090000", "20260915T090000"].map(
      (time, index) => at("raw", time, index + 1, "dat"),
    );
    const idsIn = async (timeZone: string, date: string) =>
      (await find(keys, day(date), [feedWith({ ...everyDay, timeZone })])).map(({ id }) => id[0]);
    expect(await idsIn("UTC", "2026-09-13")).toEqual(["1", "2"]);
    // Fourteen hours ahead, and eleven behind.
    expect(await idsIn("Pacific/Kiritimati", "2026-09-14")).toEqual(["2", "3"]);
    expect(await idsIn("Pacific/Pago_Pago", "2026-09-14")).toEqual(["4"]);
  });

  it("are those of the whole month if the feed has one delivery a month", async () => {
    const monthly = feedWith({ every: "month", dueDay: 5, dueAt: "06:00", timeZone: "Pacific/Kiritimati" });
    // In this zone, September begins at 10:00 on 31 August in UTC.
    const keys = ["20260831T100000", "20260831T100001", "20260915T000000", "20260930T100001"].map(
      (time, index) => at("raw", time, index + 1, "dat"),
    );
    const found = await find(keys, day("2026-09-30"), [monthly]);
    expect(found.map(({ id, day: forDay }) => [id[0], forDay])).toEqual([
      ["2", "2026-09-30"],
      ["3", "2026-09-30"],
    ]);
  });

  it("are found without a listing of what came weeks before or after", async () => {
    const times = ["20260715T080000", "20260831T080000", "20260914T080000", "20260916T080000"];
    const later = ["20260917T000000", "20260918T000000", "20261001T000000"];
    const keys = [...times, ...later].map((time, index) => at("raw", time, index + 1, "dat"));
    const { versions, listed } = bucketOf(keys);
    await findDeliveries(versions, { feeds: [feedWith(everyDay)], banks: ["Bank"], ...day("2026-09-14") });
    // The first that is too late ends the listing.
    expect(listed).toEqual(keys.slice(1, 5));
  });

  it("are no other feed's whose name begins in the same way", async () => {
    const feeds = [feedWith(everyDay), feedWith(everyDay, "loans_new")];
    const keys = [
      `raw/Bank/loans_20260914T080000Z.${idOf(1)}.dat`,
      `raw/Bank/loans_new_20260914T080000Z.${idOf(2)}.dat`,
    ];
    const found = await find(keys, day("2026-09-14"), feeds);
    expect(found.map(({ id, feed }) => [id[0], feed])).toEqual([
      ["1", "loans"],
      ["2", "loans_new"],
    ]);
  });
});

describe("what is told of some days", () => {
  const key = (area: string, date: string, digit: number) =>
    `${area}/Bank/loans_202609${date}T080000Z.${idOf(digit)}.${area === "raw" ? "dat" : "report.json"}`;
  const keys = [key("raw", "10", 1), key("archive", "11", 2), key("error", "12", 3), key("error", "13", 4)];
  const outcomes: Readonly<Record<string, Outcome>> = {
    [key("archive", "11", 2)]: "loaded",
    [key("error", "12", 3)]: "rejected",
    [key("error", "13", 4)]: "failed",
  };
  const wanted = { from: "2026-09-10", to: "2026-09-13", banks: [], now: new Date("2026-09-14T07:00:00Z") };
  const readAll = (bucket: ReturnType<typeof bucketOf>, options: Partial<ReadOptions> = {}) =>
    readDeliveries(bucket.versions, bucket.objects, { feeds: [feedWith(everyDay)], ...wanted, ...options });
  const signsOf = ({ calendar }: Awaited<ReturnType<typeof readAll>>) =>
    calendar.banks[0]?.feeds[0]?.cells.map(({ sign }) => sign);

  it("opens only the reports in error/", async () => {
    const bucket = bucketOf(keys, outcomes);
    expect(signsOf(await readAll(bucket))).toEqual(["open", "late", "rejected", "failed"]);
    expect(bucket.read).toEqual([key("error", "12", 3), key("error", "13", 4)]);
  });

  it("opens the report of every settled delivery for somebody who wants them", async () => {
    const bucket = bucketOf(keys, outcomes);
    const told: unknown[] = [];
    const onReport: ReadOptions["onReport"] = ({ id }, { outcome }) => told.push([id[0], outcome]);
    expect(signsOf(await readAll(bucket, { onReport }))).toEqual(["open", "late", "rejected", "failed"]);
    expect(told).toEqual([
      ["2", "loaded"],
      ["3", "rejected"],
      ["4", "failed"],
    ]);
    expect(bucket.read).toEqual([key("archive", "11", 2), key("error", "12", 3), key("error", "13", 4)]);
  });

  it("is that a delivery is on its way whose report has left error/ by now", async () => {
    const told: unknown[] = [];
    const delivered = await readAll(bucketOf(keys), { onReport: (each) => told.push(each) });
    expect(signsOf(delivered)).toEqual(["open", "late", "open", "open"]);
    expect([told, delivered.problems]).toEqual([[], []]);
  });

  it("is a sentence for each day with a problem, which names the day's last report", async () => {
    const again = [...keys, key("error", "12", 5)];
    const { problems } = await readAll(bucketOf(again, { ...outcomes, [key("error", "12", 5)]: "rejected" }));
    expect(problems).toEqual([
      `2026-09-12: loans of Bank was rejected. Its report: ${key("error", "12", 5)}`,
      `2026-09-13: loans of Bank has failed. Its report: ${key("error", "13", 4)}`,
    ]);
  });

  it("is when a missing delivery was due, and of several, how many are missing since when", async () => {
    const { calendar, problems } = await readAll(bucketOf([key("archive", "12", 1)]), {
      banks: ["Silent", "Bank", "Silent"],
    });
    expect(calendar.banks.map(({ bank }) => bank)).toEqual(["Bank", "Silent"]);
    expect(problems).toEqual([
      "2026-09-10: loans of Bank is missing for 3 days, the last 2026-09-13.",
      "2026-09-10: loans of Silent is missing for 4 days, the last 2026-09-13.",
    ]);
    const one = await readAll(bucketOf([]), { banks: ["Silent"], ...day("2026-09-13") });
    expect(one.problems).toEqual(["2026-09-13: loans of Silent is missing, due 2026-09-14 06:00 UTC."]);
  });

  it("is in the order of the days, whatever the problem and the bank", async () => {
    const rejected = key("error", "10", 3).replace("Bank", "Zeta");
    const { problems } = await readAll(bucketOf([rejected], { [rejected]: "rejected" }), {
      ...{ banks: ["Alpha"], from: "2026-09-10", to: "2026-09-11" },
    });
    expect(problems.map((each) => each.split(".")[0])).toEqual([
      "2026-09-10: loans of Alpha is missing for 2 days, the last 2026-09-11",
      "2026-09-10: loans of Zeta was rejected",
      "2026-09-11: loans of Zeta is missing, due 2026-09-12 06:00 UTC",
    ]);
  });

  it("is nothing if all that is expected was accepted", async () => {
    const { problems } = await readAll(bucketOf([key("archive", "11", 2)]), day("2026-09-11"));
    expect(problems).toEqual([]);
  });
});

it("a month's days are shown by default, today the last of them", () => {
  expect(lastDays(new Date("2026-03-02T23:59:59Z"))).toEqual({ from: "2026-01-31", to: "2026-03-02" });
});

it.each([
  [true, { INTAKE_BUCKET: "intake" }],
  [false, { INTAKE_BUCKET: "" }],
  [false, { INTAKE_BUCKET: undefined }],
  [false, {}],
])("intake is there: %s, by the environment %j", (expected, environment) => {
  expect(hasIntake(environment)).toBe(expected);
});
