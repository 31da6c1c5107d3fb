/** What `status` says beside its calendar: what to look into, with the command for it, and when the next run is due. */
import { monthsCommand } from "../src/extract/command";
import { dueOf, nextMonth } from "../src/extract/schedule";
import type { MonthStatusInRange } from "../src/extract/statuses";
import { addMonths, type Month, monthOf } from "../src/platform/month";
import { count, tally } from "./wording";

/** Where the months are. */
export interface Place {
  readonly extract: string;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
}

export interface Outlook {
  /** For a person, the next run last. */
  readonly lines: readonly string[];
  /** In one line. */
  readonly summary: string;
  /** The next run of the schedule, where it is switched on. */
  readonly next: { readonly month: Month; readonly due: string };
}

export function headingOf({ extract, bucket, prefix }: Place): string {
  return `${extract} in s3://${bucket}/${prefix}`;
}

export function outlook(extract: string, months: readonly MonthStatusInRange[], now: Date): Outlook {
  const month = nextMonth(now);
  const due = dueOf(month).toISOString();
  return {
    lines: [
      ...months.flatMap((each) => remarksOn(extract, each, now)),
      `The schedule's next run is due on ${wordsOf(dueOf(month))}, for ${month}.`,
    ],
    summary: summaryOf(months),
    next: { month, due },
  };
}

function remarksOn(
  extract: string,
  { month, status, stale, problems }: MonthStatusInRange,
  now: Date,
): string[] {
  const run = monthsCommand("extract", extract, month);
  const isLast = month === addMonths(monthOf(now), -1);
  const remarks = [...problems];
  if (problems.length > 0) remarks.push(`  ${monthsCommand("verify", extract, month)}`);
  if (stale === true) {
    remarks.push(`${month} is stale: an earlier month of its window was restated later.`);
    remarks.push(`  ${run} --diff`);
  }
  // Older months may be missing on purpose: the data begins somewhere.
  if (isLast && status === "missing") {
    remarks.push(`${month} ${now < dueOf(month) ? "is" : "was"} due on ${wordsOf(dueOf(month))}.`);
    remarks.push(`  ${run}`);
  }
  return remarks;
}

function summaryOf(months: readonly MonthStatusInRange[]): string {
  const number = (status: MonthStatusInRange["status"]) =>
    months.filter((each) => each.status === status).length;
  const files = months.flatMap((each) => each.files);
  const parts = tally({
    published: number("published"),
    withdrawn: number("withdrawn"),
    missing: number("missing"),
    unreadable: number("unreadable"),
    stale: months.filter(({ stale }) => stale === true).length,
  });
  const wrong = tally({
    "files unverified": files.filter(({ status }) => status === "unverified").length,
    "files damaged": files.filter(({ status }) => status === "damaged").length,
  });
  return `${count(months.length, "month")}: ${parts}${wrong === "" ? "" : `; ${wrong}`}`;
}

/** `2026-12-01 03:00 UTC`. */
function wordsOf(instant: Date): string {
  return `${instant.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
