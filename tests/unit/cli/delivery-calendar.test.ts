/** The calendar of deliveries in `status`, character by character. */
import { deliveriesText } from "../../../cli/delivery-calendar";
import { deliveryCalendar, type KnownDelivery } from "../../../src/intake/delivery-calendar";
import { feeds } from "../../../src/intake/feeds";
import { addDays, dayRange } from "../../../src/intake/days";

const plain = (_: unknown, text: string) => text;

let arrivals = 0;
function sent(bank: string, feed: string, day: string, more: Partial<KnownDelivery> = {}): KnownDelivery {
  const at = new Date(`${addDays(day, 1)}T01:00:00Z`);
  return {
    ...{ id: String((arrivals += 1)), bank, feed, day, businessTime: `${day}T22:00:00Z` },
    ...{ area: "archive", arrivedAt: at, outcome: "accepted", report: "…" },
    ...more,
  };
}

const now = new Date("2026-11-20T23:00:00Z");
const some = feeds.filter(({ name }) => name !== "clients");

it("has a line for each feed of each bank, a column for each day, and a legend for the signs that occur", () => {
  const range = { from: "2026-10-21", to: "2026-11-20" };
  const weekdays = dayRange(range.from, "2026-11-19").filter(
    (day) => ![0, 6].includes(new Date(day).getUTCDay()),
  );
  const late = new Date("2026-11-04T06:00:01Z");
  const deliveries = [
    ...weekdays.map((day) =>
      sent("FirstNational", "loans", day, day === "2026-11-03" ? { arrivedAt: late } : {}),
    ),
    ...weekdays.filter((day) => day !== "2026-11-10").map((day) => sent("FirstNational", "accounts", day)),
    // One file is enough, whatever else came; a later correction counts.
    sent("FirstNational", "loans", "2026-11-05", { outcome: "rejected", area: "error" }),
    sent("FirstNational", "loans", "2026-10-25"),
    sent("東京銀行", "loans", "2026-11-16", { outcome: "rejected", area: "error" }),
    sent("東京銀行", "loans", "2026-11-17", { outcome: "failed", area: "error" }),
    sent("東京銀行", "loans", "2026-11-18", { outcome: "rejected", area: "error" }),
    sent("東京銀行", "loans", "2026-11-18", { outcome: "open", area: "raw" }),
  ];
  const banks = ["FirstNational", "東京銀行"];
  const calendar = deliveryCalendar(deliveries, { feeds: some, banks, ...range, now });
  const text = deliveriesText({ calendar, problems: ["First.", "Second."] }, plain);
  expect(text).toBe(`
Deliveries

            2026-10               2026-11
            2                 3   0                 1                   2
            1 2 3 4 5 6 7 8 9 0 1 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0
FirstNational
  accounts  ● ● ● · · ● ● ● ● ● · · ● ● ● ● ● · · ● – ● ● ● · · ● ● ● ● ○
  loans     ● ● ● · ● ● ● ● ● ● · · ● ◐ ● ● ● · · ● ● ● ● ● · · ● ● ● ● ○
東京銀行
  accounts  – – – · · – – – – – · · – – – – – · · – – – – – · · – – – – ○
  loans     – – – · · – – – – – · · – – – – – · · – – – – – · · ✗ ! … – ○

● accepted
◐ accepted, but it came late
… received, not settled yet
✗ rejected, and no corrected file was accepted
! failed, because of something else than the file
– missing
○ expected, not due yet
· none expected

First.
Second.
`);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

it("has a block for each month of a range, and the first ten problems", () => {
  const calendar = deliveryCalendar([sent("FirstNational", "loans", "2026-09-30")], {
    ...{ feeds: some, banks: ["FirstNational"], from: "2026-08-01", to: "2026-09-30", now },
  });
  const problems = Array.from({ length: 12 }, (_, at) => `Problem ${at + 1}.`);
  const lines = deliveriesText({ calendar, problems }, plain).split("\n");
  expect(lines.filter((line) => /^ +2026-0\d$/.test(line)).map((line) => line.trim())).toEqual([
    "2026-08",
    "2026-09",
  ]);
  expect(lines.slice(-4)).toEqual(["Problem 9.", "Problem 10.", "… and 2 more", ""]);
});

it("says so if no bank has delivered anything, and nothing without intake", () => {
  const calendar = deliveryCalendar([], {
    feeds: some,
    banks: [],
    from: "2026-11-01",
    to: "2026-11-01",
    now,
  });
  expect(deliveriesText({ calendar, problems: [] }, plain)).toBe(
    "\nDeliveries\n\nNo bank has delivered anything.\n",
  );
  expect(deliveriesText(undefined, plain)).toBe("");
});
