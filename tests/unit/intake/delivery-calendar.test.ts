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
  ["awaited", "2026-09-15T06:00:00Z", []],
  ["missing", AFTER, []],
  ["accepted", AFTER, [["accepted", BEFORE]]],
  ["accepted", AFTER, [["accepted", "2026-09-15T06:00:00Z"]]],
  ["late", AFTER, [["accepted", AFTER]]],
  // Taken again after the time at which it was due.
  [
    "accepted",
    AFTER,
    [
      ["accepted", BEFORE],
      ["accepted", AFTER],
    ],
  ],
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

it("a day has its own bank's and feed's deliveries, in the order of their arrival, and the time at which one is due", () => {
  const accounts = { ...feed, name: "accounts", rhythm: undefined };
  const deliver = (id: string, changes: Partial<KnownDelivery> = {}): KnownDelivery => ({
    ...{ id, bank: "One", feed: feed.name, businessTime: `${DAY}T22:00:00Z`, day: DAY, area: "archive" },
    ...{ arrivedAt: new Date(BEFORE), outcome: "accepted", ...changes },
  });
  const next = "2026-09-15";
  const deliveries = [
    deliver("1"),
    deliver("2", { bank: "Other" }),
    deliver("3", { feed: "accounts" }),
    deliver("4", { day: next }),
    deliver("5"),
  ];
  const { days, banks, used } = deliveryCalendar(deliveries, {
    ...{ feeds: [feed, accounts], banks: ["One", "Other"], from: DAY, to: next, now: new Date(AFTER) },
  });
  expect(days).toEqual([DAY, next]);
  const found = banks.map(({ bank, feeds: ofBank }) => [
    bank,
    ofBank.map(({ feed: name, cells }) => [
      name,
      cells.map((cell) => [cell.sign, cell.dueAt?.toISOString(), cell.deliveries.map(({ id }) => id).join()]),
    ]),
  ]);
  const due = ["2026-09-15T06:00:00.000Z", "2026-09-16T06:00:00.000Z"];
  expect(found).toEqual([
    [
      "One",
      [
        [
          "clients",
          [
            ["accepted", due[0], "1,5"],
            ["accepted", due[1], "4"],
          ],
        ],
        [
          "accounts",
          [
            ["accepted", undefined, "3"],
            ["none", undefined, ""],
          ],
        ],
      ],
    ],
    [
      "Other",
      [
        [
          "clients",
          [
            ["accepted", due[0], "2"],
            ["awaited", due[1], ""],
          ],
        ],
        [
          "accounts",
          [
            ["none", undefined, ""],
            ["none", undefined, ""],
          ],
        ],
      ],
    ],
  ]);
  // In the order of the legend.
  expect(used).toEqual(["accepted", "awaited", "none"]);
});
