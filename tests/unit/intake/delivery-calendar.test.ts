/** What the calendar says of a day, by its deliveries and the time. */
import { type DaySign, deliveryCalendar, type KnownDelivery } from "../../../src/intake/delivery-calendar";
import { feeds } from "../../../src/intake/feeds";

const [clients] = feeds;
if (clients === undefined) throw new Error("there is no feed");
/** A Monday. */
const DAY = "2026-09-14";
const feed = {
  ...clients,
  rhythm: { every: "working day", dueAfterDays: 1, dueAt: "06:00", timeZone: "UTC" } as const,
  rhythms: { Elsewhere: null },
};
const BEFORE = "2026-09-15T05:00:00Z";
const AFTER = "2026-09-15T07:00:00Z";

/** @param arrivals outcomes with the times of their arrival, in this order. */
function signOf(
  now: string,
  arrivals: readonly [KnownDelivery["outcome"], string][],
  bank = "FirstNational",
): DaySign | undefined {
  const deliveries = arrivals.map(([outcome, arrivedAt], index): KnownDelivery => ({
    ...{ id: String(index), bank, feed: feed.name, businessTime: `${DAY}T22:00:00Z`, day: DAY, outcome },
    ...{ arrivedAt: new Date(arrivedAt), area: outcome === "accepted" ? "archive" : "error" },
  }));
  const { banks, used } = deliveryCalendar(deliveries, {
    ...{ feeds: [feed], banks: [bank], from: DAY, to: DAY, now: new Date(now) },
  });
  const sign = banks[0]?.feeds[0]?.cells[0]?.sign;
  expect(used).toEqual([sign]);
  return sign;
}

it.each<[DaySign, string, [KnownDelivery["outcome"], string][]]>([
  ["awaited", BEFORE, []],
  ["missing", AFTER, []],
  ["accepted", AFTER, [["accepted", BEFORE]]],
  ["accepted", AFTER, [["accepted", "2026-09-15T06:00:00Z"]]],
  ["late", AFTER, [["accepted", AFTER]]],
  [
    "accepted",
    AFTER,
    [
      ["rejected", BEFORE],
      ["accepted", BEFORE],
      ["failed", AFTER],
    ],
  ],
  ["open", AFTER, [["open", BEFORE]]],
  [
    "open",
    AFTER,
    [
      ["open", BEFORE],
      ["rejected", BEFORE],
    ],
  ],
  [
    "rejected",
    BEFORE,
    [
      ["failed", BEFORE],
      ["rejected", BEFORE],
    ],
  ],
  [
    "failed",
    BEFORE,
    [
      ["rejected", BEFORE],
      ["failed", BEFORE],
    ],
  ],
])("%s, at %s, with the deliveries %j", (sign, now, arrivals) => {
  expect(signOf(now, arrivals)).toBe(sign);
});

it("nothing is expected of a bank that doesn't deliver the feed, but what it delivers counts", () => {
  expect(signOf(AFTER, [], "Elsewhere")).toBe("none");
  expect(signOf(AFTER, [["accepted", AFTER]], "Elsewhere")).toBe("accepted");
});
