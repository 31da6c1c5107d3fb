/**
 * The deliveries of some days, found by the keys in intake's bucket. A key has the bank, the feed and the business time, and
 * the folder says what became of the delivery, so no object is opened.
 */
import type { ListedObject, ObjectVersions } from "../platform/bucket/object-versions";
import type { Day } from "../platform/month";
import { eachAtOnce } from "../platform/parallel";
import { type Area, parseKey, UNNAMED } from "./arrival";
import { addDays } from "./days";
import { type Feed, rhythmOf } from "./feed";
import { dayOf } from "./rhythm";

const REQUESTS_AT_ONCE = 16;

export interface FoundDelivery {
  readonly id: string;
  /** The bank's folder. */
  readonly bank: string;
  readonly feed: string;
  readonly businessTime: string;
  /** The day that it is for. */
  readonly day: Day;
  /** When its file reached `raw/`; if that copy is gone, when it was settled. */
  readonly arrivedAt: Date;
  /** `archive`: loaded, or unchanged; `error`: rejected, or failed; `raw`: not settled yet. */
  readonly area: Exclude<Area, "stage">;
  /** The report's key; missing if the delivery is not settled yet. */
  readonly report?: string;
}

export interface Wanted {
  readonly feeds: readonly Feed[];
  /** Folders of banks. */
  readonly banks: readonly string[];
  readonly from: Day;
  readonly to: Day;
}

/** The keys of intake's bucket. */
export type Listing = Pick<ObjectVersions, "folders" | "listObjects">;

/** The folders of all banks that have delivered anything. */
export async function banksIn(bucket: Listing): Promise<string[]> {
  const areas: readonly Area[] = ["raw", "archive", "error"];
  const names = await Promise.all(areas.map((area) => bucket.folders(`${area}/`)));
  return [...new Set(names.flat())].filter((name) => name !== UNNAMED);
}

/** In the order of their arrival. @throws StorageError */
export async function findDeliveries(bucket: Listing, wanted: Wanted): Promise<FoundDelivery[]> {
  const { feeds, banks } = wanted;
  const listings = banks.flatMap((bank) =>
    feeds.flatMap((feed) => (["raw", "archive", "error"] as const).map((area) => ({ area, bank, feed }))),
  );
  const found = new Map<string, FoundDelivery>();
  const received = new Map<string, Date>();
  const perListing = await eachAtOnce(listings, REQUESTS_AT_ONCE, async ({ area, bank, feed }) => ({
    area,
    feed,
    objects: await listDays(bucket, `${area}/${bank}/${feed.name}_`, wanted),
  }));
  for (const { area, feed, objects } of perListing) {
    for (const { key, writtenAt } of objects) {
      const parsed = parseKey(key);
      // raw/ has results besides files, archive/ and error/ have files besides reports.
      if (parsed === undefined || (area === "raw") === (parsed.extension === "report.json")) continue;
      const { id, bank, businessTime } = parsed;
      if (area === "raw") received.set(id, writtenAt);
      const before = found.get(id);
      // A replay may be on its way from error/ to archive/, which is looked at first.
      if (before?.area === "archive") continue;
      found.set(id, {
        ...{ id, bank, feed: feed.name, businessTime, area, arrivedAt: writtenAt },
        day: dayOf(businessTime, rhythmOf(feed, bank)),
        ...(area !== "raw" && { report: key }),
      });
    }
  }
  return [...found.values()]
    .filter(({ day }) => wanted.from <= day && day <= wanted.to)
    .map((each) => ({ ...each, arrivedAt: received.get(each.id) ?? each.arrivedAt }))
    .sort((one, other) => one.arrivedAt.getTime() - other.arrivedAt.getTime());
}

/** Lists the business times that may be of these days in any time zone, and of the months that they are in. */
async function listDays(
  bucket: Listing,
  prefix: string,
  { from, to }: Pick<Wanted, "from" | "to">,
): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  const first = prefix + plain(addDays(`${from.slice(0, 7)}-01`, -1));
  const end = prefix + plain(addDays(to, 3));
  for await (const object of bucket.listObjects(prefix, { after: first })) {
    if (object.key >= end) break;
    objects.push(object);
  }
  return objects;
}

function plain(day: Day): string {
  return day.replaceAll("-", "");
}
