/** The calendar of deliveries as text: for each bank, a line per feed, a column per day, and a legend. It fits 80 columns. */
import { type DayCell, type DeliveryCalendar, type DaySign, daySigns } from "../src/intake/delivery-calendar";
import type { DeliveredDays } from "../src/intake/deliveries";
import type { Day } from "../src/platform/month";
import type { Colour, Paint } from "./terminal";

const colours: Readonly<Record<DaySign, Colour>> = {
  accepted: "green",
  late: "yellow",
  open: "cyan",
  rejected: "red",
  failed: "red",
  missing: "red",
  awaited: "dim",
  none: "dim",
};

/** Two columns each, beside the names of the feeds. */
const DAYS_PER_BLOCK = 31;
const NAME_WIDTH = 16;
const SHOWN_PROBLEMS = 10;

/** A heading, the calendar, and what is wrong; nothing without intake. */
export function deliveriesText(delivered: DeliveredDays | undefined, paint: Paint): string {
  if (delivered === undefined) return "";
  const { calendar, problems } = delivered;
  const { days, banks, used } = calendar;
  const title = `\n${paint("bold", "Deliveries")}\n\n`;
  if (banks.length === 0) return `${title}No bank has delivered anything.\n`;
  const blocks = chunks(days).map(([first, end]) => block(calendar, first, end, paint));
  const legend = used.map(
    (each) => `${paint(colours[each], daySigns[each].sign)} ${daySigns[each].meaning}\n`,
  );
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `${problem}\n`);
  const more = problems.length - shown.length;
  if (more > 0) shown.push(`… and ${more} more\n`);
  return title + [...blocks, legend.join(""), ...(shown.length > 0 ? [shown.join("")] : [])].join("\n");
}

/** The first day of each block and the one behind its last, by position. Each month begins a block if there are several. */
function chunks(days: readonly Day[]): [number, number][] {
  if (days.length <= DAYS_PER_BLOCK) return [[0, days.length]];
  const starts = days.flatMap((day, at) => (at === 0 || day.endsWith("-01") ? [at] : []));
  return starts.map((start, at) => [start, starts[at + 1] ?? days.length]);
}

function block({ days, banks }: DeliveryCalendar, first: number, end: number, paint: Paint): string {
  const shown = days.slice(first, end);
  const width = Math.min(
    NAME_WIDTH,
    Math.max(...banks.flatMap(({ feeds }) => feeds.map(({ feed }) => feed.length)), 0),
  );
  const line = (name: string, signs: readonly string[]) =>
    `  ${name.padEnd(width)}  ${signs.join(" ")}`.trimEnd();
  const tens = shown.map((day, at) =>
    at === 0 || day.endsWith("0") || day.endsWith("01") ? day.slice(8, 9) : " ",
  );
  const heading = [
    `  ${" ".repeat(width)}  ${months(shown)}`.trimEnd(),
    line("", tens),
    line(
      "",
      shown.map((day) => day.slice(9)),
    ),
  ];
  const rows = banks.flatMap(({ bank, feeds }) => [
    bank,
    ...feeds.map(({ feed, cells }) =>
      line(
        shortened(feed),
        cells.slice(first, end).map((cell) => show(cell, paint)),
      ),
    ),
  ]);
  return `${[...heading, ...rows].join("\n")}\n`;
}

/** Each month above its first day, unless the next one leaves it no room. */
function months(days: readonly Day[]): string {
  let text = "";
  for (const [at, day] of days.entries()) {
    const next = days.findIndex((each, index) => index > at && each.endsWith("-01"));
    const room = 2 * ((next < 0 ? Math.max(days.length, at + 4) : next) - at);
    if ((at === 0 || day.endsWith("-01")) && room > 7) text = text.padEnd(2 * at) + day.slice(0, 7);
  }
  return text;
}

function shortened(name: string): string {
  return name.length > NAME_WIDTH ? `${name.slice(0, NAME_WIDTH - 1)}…` : name;
}

function show({ sign }: DayCell, paint: Paint): string {
  return paint(colours[sign], daySigns[sign].sign);
}
