/** When the schedule of `serverless.yml` starts the extract, and for which month. */
import { addMonths, firstDayOf, type Month, monthOf } from "../platform/month";

/** As in `serverless.yml`; a test holds the two together. */
export const SCHEDULE = { day: 1, hour: 3, minute: 0 } as const;

/** When a closed month is due (UTC). */
export function dueOf(month: Month): Date {
  const { day, hour, minute } = SCHEDULE;
  const due = new Date(firstDayOf(addMonths(month, 1)));
  due.setUTCDate(day);
  due.setUTCHours(hour, minute);
  return due;
}

/** The month that the next run of the schedule is for. */
export function nextMonth(now: Date): Month {
  const last = addMonths(monthOf(now), -1);
  return dueOf(last) > now ? last : addMonths(last, 1);
}
