/** The months of a dataset that is made of deliveries: which there are, and bringing in what is missing of them. */
import { ConfigError, RequestError } from "../../platform/errors";
import type { Month } from "../../platform/month";
import { eachAtOnce, eachToItsEnd, expectNoFailure } from "../../platform/parallel";
import type { Bucket } from "../buckets";
import { datasetNamed, deliveryDatasets } from "../datasets";
import type { DeliveryDataset } from "../delivery-dataset";
import { type ObjectUri, uriOf } from "../keys";
import type { Lake, LakeMonthSummary } from "../lake-month";
import { updateList } from "../refine/month-list";
import { ARCHIVE, parseReportKey, type ReportName } from "./accepted-delivery";
import { type DeliverySummary, isPending, takeDelivery } from "./delivery";
import { type DeliveryRecord, readDeliveryRecord, readDeliveryRecords } from "./records";

const REQUESTS_AT_ONCE = 16;

/** @throws ConfigError if the stage has no intake. */
export function openIntake({ settings, open }: Lake): Bucket {
  if (settings.intake !== undefined) return open(settings.intake);
  throw new ConfigError("wrong settings: INTAKE_BUCKET: missing", {
    hint: "Set it to the bucket where intake archives deliveries.",
  });
}

/** The accepted deliveries of a dataset by month, in order. It reads keys and no objects. */
export async function deliveriesByMonth(
  lake: Lake,
  { name }: DeliveryDataset,
): Promise<ReadonlyMap<Month, readonly ReportName[]>> {
  const months = new Map<Month, ReportName[]>();
  for await (const key of openIntake(lake).versions.list(ARCHIVE)) {
    const found = parseReportKey(key);
    if (found?.feed !== name) continue;
    const others = months.get(found.month);
    if (others === undefined) months.set(found.month, [found]);
    else others.push(found);
  }
  return new Map([...months].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** What is recorded of deliveries of one feed and month, by the keys of their reports. */
export async function recordsOf(
  { items }: Lake,
  intake: Bucket,
  names: readonly ReportName[],
): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const folders = [...new Map(names.map((name) => [name.folder, name])).values()];
  const records = await eachAtOnce(folders, REQUESTS_AT_ONCE, (name) =>
    readDeliveryRecords(items, intake.name, name),
  );
  return new Map(records.flatMap((each) => [...each]));
}

/**
 * Takes the deliveries of a month that the lake doesn't have yet, and makes the lists name what is there. A delivery that
 * fails stops no other.
 *
 * @param remake takes all of them again.
 * @throws the first error of {@link takeDelivery}, after all others are done.
 */
export async function bringDeliveries(
  lake: Lake,
  dataset: DeliveryDataset,
  month: Month,
  names: readonly ReportName[],
  remake: boolean,
): Promise<LakeMonthSummary> {
  const intake = openIntake(lake);
  const records = await recordsOf(lake, intake, names);
  const wanted = names.filter(({ key, feed }) => remake || isPending(lake, feed, records.get(key)));
  const taken = await eachToItsEnd(wanted, REQUESTS_AT_ONCE, (name) =>
    takeDelivery(lake, intake, dataset, name),
  );
  const ids = new Set([...records.values()].map(({ tenant }) => tenant));
  const tenants = lake.settings.tenants.filter(({ id }) => ids.has(id));
  const listed = await eachToItsEnd(tenants, REQUESTS_AT_ONCE, (tenant) =>
    updateList(lake, { tenant, dataset: dataset.name, month }),
  );
  expectNoFailure([...taken.failures, ...listed.failures]);
  const { objects, ...summary } = summaryOf(lake, dataset, month, taken.results);
  const isChanged = objects.length > 0 || listed.results.includes(true);
  return {
    ...summary,
    objects,
    status: names.length === 0 ? "missing" : isChanged ? "published" : "unchanged",
  };
}

/**
 * Takes the delivery that a message of intake announces.
 *
 * @returns undefined if its feed has no dataset.
 * @throws RequestError if the address is not that of a report in `archive/`; what {@link takeDelivery} throws.
 */
export async function bringDelivery(lake: Lake, address: ObjectUri): Promise<LakeMonthSummary | undefined> {
  const intake = openIntake(lake);
  const name = parseReportKey(address.key);
  if (name === undefined || address.bucket !== intake.name) {
    throw new RequestError(
      `${uriOf(address.bucket, address.key)} is not a report below ${uriOf(intake.name, ARCHIVE)}`,
      {
        hint: "Find out what else writes to the queue, and remove the message from the dead-letter queue.",
      },
    );
  }
  const dataset = datasetNamed(deliveryDatasets, name.feed);
  if (dataset === undefined) return undefined;
  const record = await readDeliveryRecord(lake.items, intake.name, name);
  const taken = isPending(lake, name.feed, record) ? [await takeDelivery(lake, intake, dataset, name)] : [];
  return summaryOf(lake, dataset, name.month, taken);
}

function summaryOf(
  { settings }: Lake,
  { name }: DeliveryDataset,
  month: Month,
  taken: readonly DeliverySummary[],
): LakeMonthSummary {
  const objects = taken.flatMap(({ tenant, file }) =>
    file === undefined ? [] : [{ tenant: tenant.id, bucket: settings.bucketOf(tenant).bucket, ...file }],
  );
  const goneCount = taken.filter(({ outcome }) => outcome === "gone").length;
  return {
    ...{ dataset: name, month, status: objects.length > 0 ? "published" : "unchanged", objects },
    ...(goneCount > 0 && { goneCount }),
  };
}
