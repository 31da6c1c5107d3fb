/** A feed's rhythm: which days a bank delivers it for, and when a delivery is late. */
import { type Day, isMonth } from "../platform/month";
import { addDays, dayAt, instantOf, isWeekend, monthEnd } from "./days";

interface LocalTime {
  /** The local time after which a delivery is late: `06:00`. */
  readonly dueAt: string;
  /** Of `dueAt`, and of the days: `Europe/Berlin`. */
  readonly timeZone: string;
}

/** A delivery for each day, or for each Monday to Friday that is no holiday. */
export interface DailyRhythm extends LocalTime {
  readonly every: "day" | "working day";
  /** How many days after its day a delivery is due; 0 for the day itself. */
  readonly dueAfterDays: number;
  /** Days without a delivery: `2026-12-25`. */
  readonly holidays?: readonly Day[];
}

/** A delivery for each calendar month. */
export interface MonthlyRhythm extends LocalTime {
  readonly every: "month";
  /** The day of the next month on which it is due, or the month's last day if that comes first. */
  readonly dueDay: number;
}

export type Rhythm = DailyRhythm | MonthlyRhythm;

/** @throws Error that says what is wrong with a rhythm. */
export function expectRhythm(feed: string, rhythm: Rhythm): void {
  const wrong = (what: string) => new Error(`the rhythm of the feed ${feed} has ${what}`);
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(rhythm.dueAt)) throw wrong(`no time of day: ${rhythm.dueAt}`);
  try {
    dayAt(new Date(0), rhythm.timeZone);
  } catch {
    throw wrong(`an unknown time zone: ${rhythm.timeZone}`);
  }
  if (rhythm.every === "month") {
    const { dueDay } = rhythm;
    if (!Number.isInteger(dueDay) || dueDay < 1 || dueDay > 31) throw wrong(`no day of a month: ${dueDay}`);
    return;
  }
  const { dueAfterDays, holidays = [] } = rhythm;
  if (!Number.isInteger(dueAfterDays) || dueAfterDays < 0) throw wrong(`no number of days: ${dueAfterDays}`);
  const noDay = holidays.find((day) => !isDay(day));
  if (noDay !== undefined) throw wrong(`a holiday that is no day: ${noDay}`);
}

function isDay(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) &&
    isMonth(text.slice(0, 7)) &&
    addDays(`${text.slice(0, 7)}-01`, Number(text.slice(8)) - 1) === text
  );
}

/**
 * The day that a delivery is for. A business time at midnight is the end of the day before. Deliveries of a month are for
 * its last day.
 */
export function dayOf(businessTime: string, rhythm: Rhythm | undefined): Day {
  const day = dayAt(new Date(Date.parse(businessTime) - 1), rhythm?.timeZone ?? "UTC");
  return rhythm?.every === "month" ? monthEnd(day) : day;
}

/** The instant after which the delivery for a day is late; undefined if none is expected for that day. */
export function dueFor(day: Day, rhythm: Rhythm | undefined): Date | undefined {
  if (rhythm === undefined) return undefined;
  const { dueAt, timeZone } = rhythm;
  if (rhythm.every === "month") {
    if (day !== monthEnd(day)) return undefined;
    const last = monthEnd(addDays(day, 1));
    const dueDay = Math.min(rhythm.dueDay, Number(last.slice(8)));
    return instantOf(`${last.slice(0, 7)}-${String(dueDay).padStart(2, "0")}`, dueAt, timeZone);
  }
  const { every, dueAfterDays, holidays = [] } = rhythm;
  if (holidays.includes(day) || (every === "working day" && isWeekend(day))) return undefined;
  return instantOf(addDays(day, dueAfterDays), dueAt, timeZone);
}
