/** Months and instants as the report writes them. */
import type { Month } from "../src/platform/month";

const names = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
const shortNames = new Intl.DateTimeFormat("en", { month: "short", year: "2-digit", timeZone: "UTC" });

export function longMonth(month: Month | undefined): string {
  return month === undefined ? "" : names.format(new Date(`${month}-01`));
}

export function shortMonth(month: Month): string {
  return shortNames.format(new Date(`${month}-01`));
}

export function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
