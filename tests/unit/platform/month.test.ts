import fc from "fast-check";

import {
  addMonths,
  firstDayOf,
  hasEnded,
  isMonth,
  lastDayOf,
  type Month,
  monthOf,
  monthRange,
} from "../../../src/platform/month";

const month = (text: string): Month => {
  if (!isMonth(text)) throw new Error(text);
  return text;
};

describe("a month", () => {
  it.each([
    "2026-13",
    "2026-00",
    "2026-1",
    "2026-9-1",
    "26-09",
    "2026/09",
    " 2026-09",
    "2026-09\n",
    "0000-01",
    "",
  ])("can't be written as %j", (text) => {
    expect(isMonth(text)).toBe(false);
  });

  it("counts back from January into the previous year", () => {
    expect(addMonths(month("2026-01"), -1)).toBe("2025-12");
    expect(addMonths(month("2026-01"), -2)).toBe("2025-11");
    expect(addMonths(month("2026-04"), -4)).toBe("2025-12");
    expect(addMonths(month("2025-12"), 1)).toBe("2026-01");
  });

  it("ends on its last day, a leap February on the 29th", () => {
    const lastDays = ["2024-02", "2026-02", "2000-02", "1900-02", "2026-04", "2026-12", "0099-02"].map(
      (text) => lastDayOf(month(text)),
    );
    expect(lastDays).toEqual([
      "2024-02-29",
      "2026-02-28",
      "2000-02-29",
      "1900-02-28",
      "2026-04-30",
      "2026-12-31",
      "0099-02-28",
    ]);
  });

  it("has ended when the next one begins in UTC, not a moment before", () => {
    expect(hasEnded(month("2026-09"), new Date("2026-09-30T23:59:59.999Z"))).toBe(false);
    expect(hasEnded(month("2026-09"), new Date("2026-10-01T00:00:00.000Z"))).toBe(true);
    expect(hasEnded(month("2025-12"), new Date("2026-01-01T00:00:00.000Z"))).toBe(true);
  });

  it("of an instant is its month in UTC", () => {
    expect(monthOf(new Date("2026-10-01T01:30:00+02:00"))).toBe("2026-09");
  });

  it("can start a range that crosses a year, both ends included", () => {
    expect(monthRange(month("2025-11"), month("2026-02"))).toEqual([
      "2025-11",
      "2025-12",
      "2026-01",
      "2026-02",
    ]);
    expect(monthRange(month("2026-02"), month("2026-02"))).toEqual(["2026-02"]);
    expect(monthRange(month("2026-02"), month("2026-01"))).toEqual([]);
  });

  it("is the same after adding and subtracting months, and ends the day before the next one begins", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 9000 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: -500, max: 500 }),
        (year, number, count) => {
          const start = month(`${year}-${String(number).padStart(2, "0")}`);
          expect(addMonths(addMonths(start, count), -count)).toBe(start);
          const dayAfter = new Date(`${lastDayOf(start)}T00:00:00Z`);
          dayAfter.setUTCDate(dayAfter.getUTCDate() + 1);
          expect(dayAfter.toISOString().slice(0, 10)).toBe(firstDayOf(addMonths(start, 1)));
        },
      ),
    );
  });
});
