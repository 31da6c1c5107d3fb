/** Deliveries by bank, feed and day, compared with each feed's rhythm. */
import type { Day } from "../platform/month";
import { dayRange } from "./days";
import { type Feed, rhythmOf } from "./feed";
import type { FoundDelivery } from "./found-deliveries";
import { dueFor } from "./rhythm";

export type DaySign = "accepted" | "late" | "open" | "rejected" | "failed" | "missing" | "awaited" | "none";

/** In the order of the legend. */
export const daySigns: Readonly<Record<DaySign, { readonly sign: string; readonly meaning: string }>> = {
  accepted: { sign: "●", meaning: "accepted" },
  late: { sign: "◐", meaning: "accepted, but it came late" },
  open: { sign: "…", meaning: "received, not settled yet" },
  rejected: { sign: "✗", meaning: "rejected, and no corrected file was accepted" },
  failed: { sign: "!", meaning: "failed, because of something else than the file" },
  missing: { sign: "–", meaning: "missing" },
  awaited: { sign: "○", meaning: "expected, not due yet" },
  none: { sign: "·", meaning: "none expected" },
};

/** A delivery whose outcome is known: `rejected` and `failed` are in the same folder. */
export type KnownDelivery = FoundDelivery & { readonly outcome: "accepted" | "open" | "rejected" | "failed" };

export interface DayCell {
  readonly day: Day;
  readonly sign: DaySign;
  /** When a delivery is late; missing if none is expected. */
  readonly dueAt?: Date;
  /** In the order of their arrival. */
  readonly deliveries: readonly KnownDelivery[];
}

export interface FeedDays {
  readonly feed: string;
  readonly cells: readonly DayCell[];
}

export interface DeliveryCalendar {
  readonly days: readonly Day[];
  readonly banks: readonly { readonly bank: string; readonly feeds: readonly FeedDays[] }[];
  /** The signs that occur. */
  readonly used: readonly DaySign[];
}

export interface CalendarOptions {
  readonly feeds: readonly Feed[];
  readonly banks: readonly string[];
  readonly from: Day;
  readonly to: Day;
  readonly now: Date;
}

export function deliveryCalendar(
  deliveries: readonly KnownDelivery[],
  { feeds, banks, from, to, now }: CalendarOptions,
): DeliveryCalendar {
  const byPlace = new Map<string, KnownDelivery[]>();
  for (const each of deliveries) {
    const place = placeOf(each.bank, each.feed, each.day);
    byPlace.set(place, [...(byPlace.get(place) ?? []), each]);
  }
  const days = dayRange(from, to);
  const cellOf = (feed: Feed, bank: string, day: Day): DayCell => {
    const dueAt = dueFor(day, rhythmOf(feed, bank));
    const ofDay = byPlace.get(placeOf(bank, feed.name, day)) ?? [];
    return { day, sign: signOf(ofDay, dueAt, now), ...(dueAt && { dueAt }), deliveries: ofDay };
  };
  const calendar = banks.map((bank) => ({
    bank,
    feeds: feeds.map((feed) => ({ feed: feed.name, cells: days.map((day) => cellOf(feed, bank, day)) })),
  }));
  const signs = new Set(
    calendar.flatMap((each) => each.feeds.flatMap(({ cells }) => cells.map(({ sign }) => sign))),
  );
  return {
    days,
    banks: calendar,
    used: (Object.keys(daySigns) as DaySign[]).filter((sign) => signs.has(sign)),
  };
}

function placeOf(bank: string, feed: string, day: Day): string {
  return JSON.stringify([bank, feed, day]);
}

/** One accepted delivery is enough, whatever was rejected before it. */
function signOf(deliveries: readonly KnownDelivery[], dueAt: Date | undefined, now: Date): DaySign {
  const accepted = deliveries.find(({ outcome }) => outcome === "accepted");
  if (accepted !== undefined) return dueAt !== undefined && accepted.arrivedAt > dueAt ? "late" : "accepted";
  if (deliveries.some(({ outcome }) => outcome === "open")) return "open";
  const last = deliveries.at(-1);
  if (last !== undefined) return last.outcome;
  if (dueAt === undefined) return "none";
  return now > dueAt ? "missing" : "awaited";
}
