/** Checks a month that is made of deliveries: that none is missing, and of each what is checked of other files. */
import type { Month } from "../../platform/month";
import { parseUri, uriOf } from "../keys";
import type { DeliveryDataset } from "../delivery-dataset";
import type { Lake } from "../lake-month";
import { verifyEntries } from "../refine/verification";
import type { LakeVerification } from "../verification";
import { parseReportKey, type ReportName } from "./accepted-delivery";
import { isPending } from "./delivery";
import { readDeliveryRecord } from "./records";
import { openIntake, recordsOf } from "./run";

/** @param names the month's deliveries that intake has accepted. */
export async function verifyDeliveryMonth(
  lake: Lake,
  dataset: DeliveryDataset,
  month: Month,
  names: readonly ReportName[],
): Promise<LakeVerification> {
  const intake = openIntake(lake);
  const found = await verifyEntries(lake, dataset, month, {
    isSettled: async (_, source) => {
      const name = parseReportKey(parseUri(source)?.key ?? "");
      if (name === undefined) return false;
      return (await readDeliveryRecord(lake.items, intake.name, name))?.outcome === "accepted";
    },
    // Intake keeps what it has for a limited time.
    mayBeGone: (bucket) => bucket === intake.name,
  });
  const records = await recordsOf(lake, intake, names);
  const missing = names
    .filter(({ key, feed }) => isPending(lake, feed, records.get(key)))
    .map(({ key }) => `the lake does not have the delivery of ${uriOf(intake.name, key)}`);
  if (missing.length === 0) return found;
  const status = found.status === "damaged" ? found.status : "missing";
  return { ...found, status, problems: [...found.problems, ...missing] };
}
