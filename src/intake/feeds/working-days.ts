/** The rhythm of the group's own feeds: a delivery for each bank working day, by the next morning. */
import type { DailyRhythm } from "../rhythm";

/**
 * Bank holidays besides Saturdays and Sundays; add each year's before it begins. Source: European Central Bank, closing
 * days of T2, the euro's settlement system: New Year's Day, Good Friday, Easter Monday, 1 May, 25 and 26 December.
 */
export const holidays = [
  ...["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2026-12-26"],
  ...["2027-01-01", "2027-03-26", "2027-03-29", "2027-05-01", "2027-12-25", "2027-12-26"],
];

export const workingDays: DailyRhythm = {
  ...{ every: "working day", holidays },
  ...{ dueAfterDays: 1, dueAt: "06:00", timeZone: "UTC" },
};
