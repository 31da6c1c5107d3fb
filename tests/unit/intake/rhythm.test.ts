/** Which days a delivery is expected for, and when it is late. */
import { defineFeed, branch, rhythmOf } from "../../../src/intake/feed";
import { feeds } from "../../../src/intake/feeds";
import { workingDays } from "../../../src/intake/feeds/working-days";
import { dayOf, dueFor, type Rhythm } from "../../../src/intake/rhythm";

const everyDay: Rhythm = { every: "day", dueAfterDays: 0, dueAt: "23:30", timeZone: "Europe/Berlin" };
const monthly: Rhythm = { every: "month", dueDay: 31, dueAt: "12:00", timeZone: "UTC" };

it.each([
  ["2026-09-30T22:00:00Z", workingDays, "2026-09-30"],
  ["2026-09-30T22:00:01Z", everyDay, "2026-10-01"],
  // Midnight in Berlin: the end of 30 September.
  ["2026-09-30T22:00:00Z", everyDay, "2026-09-30"],
  ["2026-10-01T00:00:00Z", workingDays, "2026-09-30"],
  ["2026-10-01T00:00:00Z", undefined, "2026-09-30"],
  ["2026-02-03T04:00:00Z", monthly, "2026-02-28"],
])(
  "a delivery of %s is for its local day, a monthly one for the last day of its month: case %#",
  (time, rhythm, day) => {
    expect(dayOf(time, rhythm)).toBe(day);
  },
);

it.each<[string, Rhythm, string | undefined]>([
  // A Friday: due on Saturday, when nobody works but files arrive.
  ["2026-11-20", workingDays, "2026-11-21T06:00:00.000Z"],
  ["2026-11-21", workingDays, undefined],
  ["2026-11-22", workingDays, undefined],
  ["2026-12-25", workingDays, undefined],
  ["2026-11-21", everyDay, "2026-11-21T22:30:00.000Z"],
  // Summer time ends on 25 October, at three in the morning.
  ["2026-10-24", everyDay, "2026-10-24T21:30:00.000Z"],
  ["2026-10-25", everyDay, "2026-10-25T22:30:00.000Z"],
  ["2026-10-25", { ...everyDay, dueAt: "01:30" }, "2026-10-24T23:30:00.000Z"],
  ["2026-11-21", { ...everyDay, holidays: ["2026-11-21"] }, undefined],
  ["2026-11-21", { ...everyDay, timeZone: "Pacific/Auckland" }, "2026-11-21T10:30:00.000Z"],
  ["2026-01-31", monthly, "2026-02-28T12:00:00.000Z"],
  ["2026-01-30", monthly, undefined],
  ["2026-12-31", monthly, "2027-01-31T12:00:00.000Z"],
  ["2026-12-31", { ...monthly, dueDay: 5 }, "2027-01-05T12:00:00.000Z"],
  ["2026-12-31", { ...monthly, timeZone: "Pacific/Auckland" }, "2027-01-30T23:00:00.000Z"],
])("a delivery for %s is due at its local time: case %#", (day, rhythm, due) => {
  expect(dueFor(day, rhythm)?.toISOString()).toBe(due);
});

const columns = [
  { name: "id", type: "int32", meaning: "" },
  { name: "branch_idbranch", type: "int32", meaning: "" },
] as const;
const cards = (more: { rhythm?: Rhythm; rhythms?: Record<string, Rhythm | null> }) =>
  defineFeed({
    ...{ name: "cards", version: 1, table: "card", columns, key: "id" },
    owner: { column: "branch_idbranch", to: branch },
    ...more,
  });

it("a bank may have a rhythm of its own, or none", () => {
  const feed = cards({ rhythm: workingDays, rhythms: { Own: monthly, None: null } });
  expect(["Any", "Own", "None"].map((bank) => rhythmOf(feed, bank))).toEqual([
    workingDays,
    monthly,
    undefined,
  ]);
  expect(rhythmOf(cards({}), "Any")).toBeUndefined();
});

it.each<[Rhythm, string]>([
  [{ ...everyDay, dueAt: "24:00" }, "no time of day: 24:00"],
  [{ ...everyDay, dueAt: "6:00" }, "no time of day: 6:00"],
  [{ ...everyDay, dueAt: "106:00" }, "no time of day: 106:00"],
  [{ ...everyDay, dueAt: "06:00:00" }, "no time of day: 06:00:00"],
  [{ ...everyDay, dueAt: "06:60" }, "no time of day: 06:60"],
  [{ ...everyDay, timeZone: "Europe/Nowhere" }, "an unknown time zone: Europe/Nowhere"],
  [{ ...everyDay, dueAfterDays: -1 }, "no number of days: -1"],
  [{ ...everyDay, dueAfterDays: 0.5 }, "no number of days: 0.5"],
  [{ ...everyDay, holidays: ["2026-02-29"] }, "a holiday that is no day: 2026-02-29"],
  [{ ...everyDay, holidays: ["2026-12-25", "2026-13-01"] }, "a holiday that is no day: 2026-13-01"],
  [{ ...everyDay, holidays: ["2026-12-25x"] }, "a holiday that is no day: 2026-12-25x"],
  [{ ...everyDay, holidays: ["on 2026-12-25"] }, "a holiday that is no day: on 2026-12-25"],
  [{ ...monthly, dueDay: 32 }, "no day of a month: 32"],
  [{ ...monthly, dueDay: 0 }, "no day of a month: 0"],
  [{ ...monthly, dueDay: 1.5 }, "no day of a month: 1.5"],
])("a definition is refused whose rhythm is wrong: case %#", (rhythm, what) => {
  const wrong = `the rhythm of the feed cards has ${what}`;
  expect(() => cards({ rhythm })).toThrow(wrong);
  expect(() => cards({ rhythms: { Own: rhythm } })).toThrow(wrong);
});

it.each<Rhythm>([
  { ...everyDay, dueAt: "00:00" },
  { ...everyDay, dueAt: "19:59", holidays: ["2024-02-29", "2026-12-31"] },
  { ...everyDay, dueAt: "23:00" },
  { ...monthly, dueDay: 1 },
  { ...monthly, dueDay: 31 },
])("a definition is accepted at the limits of what a rhythm may have: case %#", (rhythm) => {
  expect(cards({ rhythm }).rhythm).toEqual(rhythm);
});

it("the group's feeds are delivered for working days", () => {
  expect(feeds.map(({ rhythm }) => rhythm?.every)).toEqual(feeds.map(() => "working day"));
});
