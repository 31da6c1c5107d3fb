/** What banks have delivered, for `status`: which days are looked at, and the result for machines. */
import type { DeliveredDays } from "../src/intake/deliveries";
import type { Edge } from "../src/platform/edge";
import type { MonthStatus } from "../src/extract/status";
import { firstDayOf, lastDayOf } from "../src/platform/month";
import { type Flags, namesMonths } from "./options";

/**
 * Reads what was delivered in the months that the input names, or in the last days if it names none.
 *
 * @param months of the extract, whose banks are expected to deliver, besides those that have.
 * @returns undefined if the environment names no bucket of intake.
 */
export async function deliveriesOf(
  input: Flags,
  months: readonly Pick<MonthStatus, "month" | "files">[],
  edge: Edge,
): Promise<DeliveredDays | undefined> {
  const { hasIntake, lastDays, openDeliveries } = await import("../src/intake/deliveries");
  if (!hasIntake(edge.environment)) return undefined;
  const { pascalCase } = await import("../src/platform/key-name");
  const banks = months.flatMap(({ files }) => files.map(({ bankName }) => pascalCase(bankName)));
  const [first, last] = [months[0]?.month, months.at(-1)?.month];
  const isRange = namesMonths(input) && first !== undefined && last !== undefined;
  const days = isRange ? { from: firstDayOf(first), to: lastDayOf(last) } : lastDays(edge.now());
  return openDeliveries({ ...days, banks }, edge);
}

/** For machines: an entry for each bank, feed and day that expects or has a delivery. */
export function deliveriesJson(delivered: DeliveredDays | undefined): { readonly deliveries?: unknown } {
  if (delivered === undefined) return {};
  const deliveries = delivered.calendar.banks.flatMap(({ bank, feeds }) =>
    feeds.flatMap(({ feed, cells }) =>
      cells
        .filter(({ sign }) => sign !== "none")
        .map(({ day, sign, dueAt, deliveries: ofDay }) => ({
          ...{ bank, feed, day, status: sign },
          ...(dueAt && { dueAt: dueAt.toISOString() }),
          deliveries: ofDay.map(({ id, outcome, businessTime, arrivedAt, report }) => ({
            ...{ id, outcome, businessTime, arrivedAt: arrivedAt.toISOString() },
            ...(report !== undefined && { report }),
          })),
        })),
    ),
  );
  return { deliveries };
}
