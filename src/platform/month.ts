/**
 * A calendar month in UTC, the unit in which pipelines compute and publish.
 * It is a type of its own, never a `Date`, so no time zone can shift it.
 */

declare const brand: unique symbol;

/** A calendar month as `YYYY-MM`, `0001-01` to `9999-12`. Text order is time order. */
export type Month = string & { readonly [brand]: "Month" };

/** A calendar day as `YYYY-MM-DD`. */
export type Day = string;

const PATTERN = /^(?!0000)\d{4}-(0[1-9]|1[0-2])$/;

export function isMonth(text: string): text is Month {
  return PATTERN.test(text);
}

/** The month `count` calendar months later, or earlier if `count` is negative. */
export function addMonths(month: Month, count: number): Month {
  const index = yearOf(month) * 12 + (monthOfYear(month) - 1) + count;
  return toMonth(Math.floor(index / 12), (index % 12) + 1);
}

/** The months from `from` to `to`, both included; empty if `from` is after `to`. */
export function monthRange(from: Month, to: Month): Month[] {
  const months: Month[] = [];
  for (let month = from; month <= to; month = addMonths(month, 1)) months.push(month);
  return months;
}

/** The month in UTC that contains the instant. */
export function monthOf(instant: Date): Month {
  return toMonth(instant.getUTCFullYear(), instant.getUTCMonth() + 1);
}

/** Whether the month is over in UTC at `now`. */
export function hasEnded(month: Month, now: Date): boolean {
  return month < monthOf(now);
}

export function firstDayOf(month: Month): Day {
  return `${month}-01`;
}

/** The last day of the month: `2024-02` gives `2024-02-29`. */
export function lastDayOf(month: Month): Day {
  const day = new Date(0);
  day.setUTCFullYear(yearOf(month), monthOfYear(month), 0);
  return `${month}-${String(day.getUTCDate()).padStart(2, "0")}`;
}

/** The year as four digits. */
export function yearPart(month: Month): string {
  return month.slice(0, 4);
}

/** The month of the year as two digits. */
export function monthPart(month: Month): string {
  return month.slice(5);
}

function yearOf(month: Month): number {
  return Number(yearPart(month));
}

function monthOfYear(month: Month): number {
  return Number(monthPart(month));
}

function toMonth(year: number, monthOfYear: number): Month {
  const text = `${String(year).padStart(4, "0")}-${String(monthOfYear).padStart(2, "0")}`;
  if (!isMonth(text)) throw new RangeError(`no such month: ${text}`);
  return text;
}
