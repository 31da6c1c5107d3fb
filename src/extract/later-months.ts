/** The published months after a restated one whose windows contain it: their figures rest on the data of before. */
import type { ObjectStore } from "../platform/bucket/object-store";
import { addMonths, type Month, monthRange } from "../platform/month";
import { addTotals, type ExtractDefinition, parseTotals, type Totals } from "./definition";
import { findManifest, type Manifest } from "./month-manifest";
import type { Layout } from "./object-key";
import type { Request } from "./request";

/**
 * The months to restate next. If they can't be read, there are none: everything that the run was for is published.
 *
 * @param request whose own months are up to date.
 * @param restated the months that a run restated, or would restate.
 * @returns in order.
 */
export async function laterMonths(
  objects: ObjectStore,
  layout: Layout,
  { definition, months: done }: Pick<Request, "definition" | "months">,
  restated: readonly Month[],
): Promise<Month[]> {
  const candidates = restated.flatMap((month) => {
    const last = addMonths(month, definition.windowMonths - 1);
    return monthRange(addMonths(month, 1), last).filter((later) => !done.includes(later));
  });
  const found = await Promise.all(
    [...new Set(candidates)].sort().map(async (month) => {
      const manifest = await findManifest(objects, layout, definition, month);
      const isPublished = manifest.state === "readable" && manifest.manifest.state === "published";
      return isPublished ? [month] : [];
    }),
  ).catch(() => []);
  return found.flat();
}

/**
 * Whether a month's window figures differ from what is published for the months of the window: an earlier month was
 * restated later. The totals of all banks are compared, and those of each bank if a month of the window was published
 * after this one: branches may move to another bank, and then both months are right. A change that leaves the totals of
 * every bank as they were is not found.
 *
 * @param window the manifests of the window's months, the month's own last; undefined where one is not published.
 */
export function isStale(definition: ExtractDefinition, window: readonly (Manifest | undefined)[]): boolean {
  const own = window.at(-1);
  const published = window.flatMap((manifest) => (manifest?.state === "published" ? [manifest] : []));
  if (own === undefined || published.length < window.length) return false;
  const isDifferent = (totalsOf: (manifest: Manifest) => Totals) =>
    differs(definition, totalsOf(own), addTotals(definition, published.map(totalsOf)));
  if (isDifferent(({ totals }) => parseTotals(definition, totals))) return true;
  if (published.every(({ publishedAt }) => publishedAt <= own.publishedAt)) return false;
  const bankIds = new Set(published.flatMap(({ files }) => files.map(({ bankId }) => bankId)));
  return [...bankIds].some((bankId) => isDifferent((manifest) => bankTotals(definition, manifest, bankId)));
}

/** Whether a window's figures differ from the sums of its months. */
function differs({ reconciliation }: ExtractDefinition, window: Totals, sums: Totals): boolean {
  return reconciliation.measures.some(({ name, windowOf }) =>
    windowOf === undefined ? false : window[name] !== sums[windowOf],
  );
}

/** All 0 if the bank has no file. */
function bankTotals(definition: ExtractDefinition, { files }: Manifest, bankId: number): Totals {
  const own = files.filter((file) => file.bankId === bankId);
  return addTotals(
    definition,
    own.map((file) => parseTotals(definition, file)),
  );
}
