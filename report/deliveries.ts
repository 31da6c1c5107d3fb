/** The figures about deliveries: volumes, reasons of rejections, and what was late or missing. From intake's reports alone. */
import type { MonthStatus } from "../src/extract/status";
import type { DayCell, DeliveryCalendar } from "../src/intake/delivery-calendar";
import { hasIntake, openDeliveries } from "../src/intake/deliveries";
import type { FoundDelivery } from "../src/intake/found-deliveries";
import type { Report } from "../src/intake/report";
import type { Edge } from "../src/platform/edge";
import { pascalCase } from "../src/platform/key-name";
import { type Day, firstDayOf, lastDayOf } from "../src/platform/month";

export interface DeliveryFigures {
  readonly calendar: DeliveryCalendar;
  readonly volumes: readonly Volume[];
  /** The most frequent first. */
  readonly reasons: readonly Reason[];
  /** The newest first. */
  readonly overdue: readonly Overdue[];
}

/** What a bank has delivered of a feed. */
export interface Volume {
  readonly bank: string;
  readonly feed: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  /** Days. */
  readonly late: number;
  readonly missing: number;
  /** Of the deliveries that were loaded; content that came twice counts once. */
  readonly records: number;
  readonly inserted: number;
  readonly updated: number;
  readonly same: number;
  readonly stale: number;
  /** Records that were left out of loaded deliveries. */
  readonly leftOut: number;
  readonly byteCount: number;
}

/** Why files or records were rejected, without any value of a record. */
export interface Reason {
  readonly feed: string;
  readonly column: string | undefined;
  /** With `…` in the place of numbers that differ. */
  readonly reason: string;
  readonly files: number;
  /** Of those that the reports list: at most 1,000 of each file. */
  readonly problems: number;
}

/** A delivery that came late, or several days in a row of which none came. */
export interface Overdue {
  readonly bank: string;
  readonly feed: string;
  readonly day: Day;
  /** The last of the days, where several are missing. */
  readonly lastDay: Day;
  readonly days: number;
  /** When the first of them was due. */
  readonly dueAt: string;
  /** Undefined if it is missing. */
  readonly arrivedAt: string | undefined;
}

/**
 * Reads the deliveries of the report's months.
 *
 * @returns undefined if the environment names no bucket of intake.
 * @throws ConfigError, StorageError
 */
export async function readDeliveryFigures(
  months: readonly Pick<MonthStatus, "month" | "files">[],
  edge: Edge,
): Promise<DeliveryFigures | undefined> {
  const [first, last] = [months[0]?.month, months.at(-1)?.month];
  if (!hasIntake(edge.environment) || first === undefined || last === undefined) return undefined;
  const banks = months.flatMap(({ files }) => files.map(({ bankName }) => pascalCase(bankName)));
  const sums = new Sums();
  const wanted = { from: firstDayOf(first), to: lastDayOf(last), banks };
  const { calendar } = await openDeliveries(
    {
      ...wanted,
      onReport: (delivery, report) => {
        sums.add(delivery, report);
      },
    },
    edge,
  );
  return {
    calendar,
    volumes: sums.volumes(calendar),
    reasons: sums.reasons(),
    overdue: overdueOf(calendar),
  };
}

const nothing = {
  ...{ accepted: 0, rejected: 0, failed: 0, records: 0, inserted: 0, updated: 0 },
  ...{ same: 0, stale: 0, leftOut: 0, byteCount: 0 },
};

type Sum = { -readonly [Name in keyof typeof nothing]: number };

interface Group {
  readonly feed: string;
  readonly column: string | undefined;
  readonly texts: Set<string>;
  readonly deliveries: Set<string>;
  problems: number;
}

/** Reports are added up one by one, so that only sums are in memory. */
class Sums {
  readonly #volumes = new Map<string, Sum>();
  readonly #groups = new Map<string, Group>();

  add({ bank, feed, id }: FoundDelivery, report: Report): void {
    const sum = this.#volumes.get(JSON.stringify([bank, feed])) ?? { ...nothing };
    this.#volumes.set(JSON.stringify([bank, feed]), sum);
    const { outcome, counts, byteCount, problems } = report;
    sum[outcome === "loaded" || outcome === "unchanged" ? "accepted" : outcome] += 1;
    // Those of unchanged content are the counts of the delivery that loaded it.
    if (outcome === "loaded" && counts !== undefined) {
      for (const name of ["records", "inserted", "updated", "same", "stale"] as const)
        sum[name] += counts[name];
      sum.leftOut += counts.rejected;
      sum.byteCount += byteCount;
    }
    if (outcome !== "unchanged") for (const problem of problems) this.#addProblem(feed, id, problem);
  }

  #addProblem(feed: string, id: string, { column, reason }: Report["problems"][number]): void {
    const key = JSON.stringify([feed, column, shapeOf(reason)]);
    const group = this.#groups.get(key) ?? {
      feed,
      column,
      texts: new Set(),
      deliveries: new Set(),
      problems: 0,
    };
    this.#groups.set(key, group);
    // Two are enough to know that they differ.
    if (group.texts.size < 2) group.texts.add(reason);
    group.deliveries.add(id);
    group.problems += 1;
  }

  volumes({ banks }: DeliveryCalendar): Volume[] {
    return banks.flatMap(({ bank, feeds }) =>
      feeds.map(({ feed, cells }) => ({
        ...{ bank, feed },
        ...(this.#volumes.get(JSON.stringify([bank, feed])) ?? nothing),
        late: countOf(cells, "late"),
        missing: countOf(cells, "missing"),
      })),
    );
  }

  reasons(): Reason[] {
    return [...this.#groups.values()]
      .map(({ feed, column, texts, deliveries, problems }) => {
        const [reason = "", other] = texts;
        const text = other === undefined ? reason : shapeOf(reason);
        return { feed, column, reason: text, files: deliveries.size, problems };
      })
      .sort((one, other) => other.files - one.files || other.problems - one.problems);
  }
}

/** A reason without its numbers, such as other lines, counts and totals. */
function shapeOf(reason: string): string {
  return reason.replaceAll(/-?\d+(?:\.\d+)?/g, "…");
}

function countOf(cells: readonly DayCell[], sign: DayCell["sign"]): number {
  return cells.filter((cell) => cell.sign === sign).length;
}

function overdueOf({ banks }: DeliveryCalendar): Overdue[] {
  const overdue = banks.flatMap(({ bank, feeds }) =>
    feeds.flatMap(({ feed, cells }) => overdueDays(cells).map((each) => ({ bank, feed, ...each }))),
  );
  return overdue.sort((one, other) =>
    one.lastDay < other.lastDay ? 1 : one.lastDay > other.lastDay ? -1 : 0,
  );
}

/** Days without an expected delivery don't end a row of missing ones. */
function overdueDays(cells: readonly DayCell[]): Omit<Overdue, "bank" | "feed">[] {
  const found: Omit<Overdue, "bank" | "feed">[] = [];
  let before: DayCell["sign"] = "none";
  for (const { day, sign, dueAt, deliveries } of cells) {
    if (sign === "none" || dueAt === undefined) continue;
    const last = found.at(-1);
    if (sign === "missing" && before === "missing" && last !== undefined) {
      found[found.length - 1] = { ...last, lastDay: day, days: last.days + 1 };
    } else if (sign === "missing" || sign === "late") {
      const accepted = deliveries.find(({ outcome }) => outcome === "accepted");
      const arrivedAt = accepted?.arrivedAt.toISOString();
      found.push({ day, lastDay: day, days: 1, dueAt: dueAt.toISOString(), arrivedAt });
    }
    before = sign;
  }
  return found;
}
