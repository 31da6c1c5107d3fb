/** The status of several months, of which each may be stale: its window then rests on other data than is published. */
import { addMonths, type Month, monthRange } from "../platform/month";
import { isStale } from "./later-months";
import { findManifest, type Manifest } from "./month-manifest";
import type { PublishedMonths } from "./run";
import { type MonthStatus, statusOf } from "./status";

/** `stale` is missing, too, if a month of the window isn't published: then there is nothing to compare with. */
export type MonthStatusInRange = MonthStatus & { readonly stale?: true };

/**
 * @param isThorough reads every file to its end.
 * @param observe is called with each month before it is read.
 * @throws StorageError if S3 refuses a request.
 */
export async function readStatuses(
  { objects, output, request }: PublishedMonths,
  isThorough: boolean,
  observe: (month: Month) => void,
): Promise<MonthStatusInRange[]> {
  const { definition, months } = request;
  const manifests = new Map<Month, Manifest>();
  const find = async (month: Month) => {
    const found = await findManifest(objects, output.layout, definition, month);
    if (found.state === "readable") manifests.set(month, found.manifest);
    return found;
  };
  const windowOf = (month: Month) => monthRange(addMonths(month, 1 - definition.windowMonths), month);
  // The windows of the first months begin before them.
  await Promise.all(windowOf(months[0]).slice(0, -1).map(find));
  const statuses: MonthStatusInRange[] = [];
  for (const month of months) {
    observe(month);
    const status = await statusOf(objects, definition, month, await find(month), isThorough);
    const window = windowOf(month).map((each) => manifests.get(each));
    statuses.push({ ...status, ...(isStale(definition, window) && { stale: true }) });
  }
  return statuses;
}
