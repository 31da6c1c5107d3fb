/** What banks have delivered on some days, for the command line and the report. It reads only intake's bucket. */
import { openBucket, openVersions } from "../platform/bucket/bucket";
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Edge } from "../platform/edge";
import type { Day } from "../platform/month";
import { eachAtOnce } from "../platform/parallel";
import type { Variables } from "../platform/settings";
import { addDays } from "./days";
import {
  type DayCell,
  type DeliveryCalendar,
  deliveryCalendar,
  type KnownDelivery,
} from "./delivery-calendar";
import type { Feed } from "./feed";
import { feeds as allFeeds } from "./feeds";
import { banksIn, findDeliveries, type FoundDelivery, type Listing } from "./found-deliveries";
import { readReport, type Report } from "./report";
import { parseBucketSettings } from "./settings";

const REPORTS_AT_ONCE = 16;

/** How many days `status` shows by default. */
export const DAYS_BACK = 31;

export interface DeliveredDays {
  readonly calendar: DeliveryCalendar;
  /** What is wrong, a sentence each, by day. */
  readonly problems: readonly string[];
}

export interface DaysWanted {
  readonly from: Day;
  readonly to: Day;
  /** Folders of banks that are expected to deliver, besides those that have. */
  readonly banks: readonly string[];
}

export interface ReadOptions extends DaysWanted {
  readonly now: Date;
  readonly feeds?: readonly Feed[];
  /** Is called with each report, for figures of its own; without it, only those in `error/` are read. */
  readonly onReport?: (delivery: FoundDelivery, report: Report) => void;
}

/** Whether the environment names intake's bucket. */
export function hasIntake(environment: Variables): boolean {
  return environment["INTAKE_BUCKET"] !== undefined && environment["INTAKE_BUCKET"] !== "";
}

/** The last days until today, in UTC. */
export function lastDays(now: Date): Pick<DaysWanted, "from" | "to"> {
  const to = now.toISOString().slice(0, 10);
  return { from: addDays(to, 1 - DAYS_BACK), to };
}

/** Opens intake's bucket and reads it. @throws ConfigError, StorageError */
export async function openDeliveries(
  wanted: DaysWanted & Pick<ReadOptions, "onReport">,
  edge: Edge,
): Promise<DeliveredDays> {
  const { bucket } = parseBucketSettings(edge.environment);
  const [versions, objects] = await Promise.all([openVersions(bucket, edge), openBucket(bucket, edge)]);
  return readDeliveries(versions, objects, { ...wanted, now: edge.now() });
}

export async function readDeliveries(
  versions: Listing,
  objects: Pick<ObjectStore, "read">,
  { feeds = allFeeds, now, from, to, onReport, ...options }: ReadOptions,
): Promise<DeliveredDays> {
  const banks = [...new Set([...options.banks, ...(await banksIn(versions))])].sort();
  const found = await findDeliveries(versions, { feeds, banks, from, to });
  const known = await eachAtOnce(found, REPORTS_AT_ONCE, async (delivery): Promise<KnownDelivery> => {
    const isWanted = delivery.area === "error" || onReport !== undefined;
    const read =
      isWanted && delivery.report !== undefined ? await readReport(objects, delivery.report) : undefined;
    if (read !== undefined) onReport?.(delivery, read.report);
    return { ...delivery, outcome: outcomeOf(delivery, read?.report) };
  });
  const calendar = deliveryCalendar(known, { feeds, banks, from, to, now });
  return { calendar, problems: problemsOf(calendar) };
}

/** A report that has left `error/` since it was listed: its delivery is being taken again. */
function outcomeOf({ area }: FoundDelivery, report: Report | undefined): KnownDelivery["outcome"] {
  if (area === "archive") return "accepted";
  if (report?.outcome === "rejected" || report?.outcome === "failed") return report.outcome;
  return "open";
}

/** A sentence for each rejected or failed delivery, and for each feed of which days are missing. */
function problemsOf({ banks }: DeliveryCalendar): string[] {
  const sentences = banks.flatMap(({ bank, feeds }) =>
    feeds.flatMap(({ feed, cells }) => {
      const what = `${feed} of ${bank}`;
      return [
        ...missingOf(what, cells),
        ...cells.flatMap(({ day, sign, deliveries }) => {
          if (sign !== "rejected" && sign !== "failed") return [];
          const became = sign === "failed" ? "has failed" : "was rejected";
          return [`${day}: ${what} ${became}. Its report: ${deliveries.at(-1)?.report ?? ""}`];
        }),
      ];
    }),
  );
  return sentences.sort();
}

function missingOf(what: string, cells: readonly DayCell[]): string[] {
  const missing = cells.filter(({ sign }) => sign === "missing");
  const [first, last] = [missing[0], missing.at(-1)];
  if (first?.dueAt === undefined || last === undefined) return [];
  if (first === last) return [`${first.day}: ${what} is missing, due ${instant(first.dueAt)}.`];
  return [`${first.day}: ${what} is missing for ${missing.length} days, the last ${last.day}.`];
}

function instant(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
