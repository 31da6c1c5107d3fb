/** The published months after a restated one whose windows contain it: their figures rest on the data of before. */
import type { ObjectStore } from "../platform/bucket/object-store";
import { addMonths, type Month, monthRange } from "../platform/month";
import { addTotals, type ExtractDefinition, parseTotals } from "./definition";
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
 * Whether a month's window figures differ from what is published for the months of the window, by the totals of all
 * banks: an earlier month was restated later. It finds no change that leaves all totals as they were.
 *
 * @param window the manifests of the window's months, the month's own last; undefined where one is not published.
 */
export function isStale(definition: ExtractDefinition, window: readonly (Manifest | undefined)[]): boolean {
  const own = window.at(-1);
  const published = window.flatMap((manifest) => (manifest?.state === "published" ? [manifest] : []));
  if (own === undefined || published.length < window.length) return false;
  const totals = parseTotals(definition, own.totals);
  const sums = addTotals(
    definition,
    published.map((manifest) => parseTotals(definition, manifest.totals)),
  );
  return definition.reconciliation.measures.some(({ name, windowOf }) =>
    windowOf === undefined ? false : totals[name] !== sums[windowOf],
  );
}
