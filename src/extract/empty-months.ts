/**
 * A month without any data is published only on purpose. As a rule it is a mistake: the data is not loaded yet, or the
 * month is before the data begins.
 */
import type { Snapshot } from "../platform/database/connection";
import { QueryError } from "../platform/errors";
import type { Month } from "../platform/month";
import { type ExtractDefinition, isEmpty } from "./definition";
import type { Controls } from "./reconciliation";

/** @throws QueryError that names the months without data and says why they have none. */
export async function refuseEmptyMonths(
  snapshot: Snapshot,
  definition: ExtractDefinition,
  months: readonly Month[],
  controls: Controls,
): Promise<void> {
  const empty = months.filter((month) => {
    const found = controls.months.get(month);
    return found !== undefined && isEmpty(definition, found.totals);
  });
  if (empty.length === 0) return;
  const explain = await readExplanation(snapshot, definition);
  const byReason = new Map<string, Month[]>();
  for (const month of empty) byReason.set(explain(month), [...(byReason.get(explain(month)) ?? []), month]);
  const sentences = [...byReason].map(
    ([reason, alike]) => `${alike.join(", ")} ${alike.length === 1 ? "is" : "are"} empty: ${reason}`,
  );
  throw new QueryError(sentences.join("; "), {
    hint: 'Check the month, and whether its data is in the source. To publish an empty month on purpose, add "allowEmpty": true.',
    onTerminal:
      "Check the month, and whether its data is in the source. To publish an empty month on purpose, add --allow-empty.",
  });
}

/** Reads from when to when there is data; the result says why a month is empty. */
async function readExplanation(
  snapshot: Snapshot,
  { reconciliation: { source, span } }: ExtractDefinition,
): Promise<(month: Month) => string> {
  if (span === undefined) return () => `${source} has no data of it`;
  const [[first, last] = []] = await snapshot.query(span);
  if (first == null || last == null) return () => `${source} has no data at all`;
  return (month) => {
    if (month < first) return `the data in ${source} begins in ${first}`;
    if (month > last) return `the data in ${source} ends in ${last}`;
    return `${source} has data from ${first} to ${last}, but none of ${month}`;
  };
}
