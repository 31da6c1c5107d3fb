/**
 * The way of one accepted delivery into the lake. What is archived never changes, so a delivery is taken once; every step
 * may be repeated, and events that come twice, late or in another order end the same.
 */
import { ConfigError } from "../../platform/errors";
import type { Bucket } from "../buckets";
import type { DeliveryDataset } from "../delivery-dataset";
import { uriOf } from "../keys";
import type { Lake, LakeStep } from "../lake-month";
import { machineMessage } from "../refine/messages";
import { updateList } from "../refine/month-list";
import { writeEntry } from "../refine/records";
import type { Tenant } from "../tenants";
import { type AcceptedDelivery, readAccepted, type ReportName } from "./accepted-delivery";
import { type DeliveryWithRows, makeDeliveryFile } from "./delivery-file";
import { type DeliveryOutcome, type DeliveryRecord, writeDeliveryRecord } from "./records";

export interface DeliverySummary {
  readonly tenant: Tenant;
  readonly outcome: DeliveryOutcome;
  /** The Parquet file's key in the tenant's bucket, and its rows; missing unless the delivery was accepted. */
  readonly file?: { readonly key: string; readonly rowCount: number };
}

/** Whether there is anything left to do about a delivery of which this is recorded. */
export function isPending({ settings }: Lake, feed: string, record: DeliveryRecord | undefined): boolean {
  if (record?.outcome !== "unwanted") return record === undefined;
  const tenant = settings.tenants.find(({ id }) => id === record.tenant);
  return tenant?.datasets.includes(feed) === true;
}

/**
 * Brings a delivery's rows into the bank's bucket, whatever is recorded of it.
 *
 * @throws ConfigError if the bank has no tenant; StorageError if the report can't be read; what {@link makeDeliveryFile}
 *   throws. What queries see is then what they saw before, or all of the delivery.
 */
export async function takeDelivery(
  lake: Lake,
  intake: Bucket,
  dataset: DeliveryDataset,
  name: ReportName,
): Promise<DeliverySummary> {
  const delivery = await readAccepted(intake, name.key);
  const tenant = tenantOf(lake, delivery, uriOf(intake.name, name.key));
  const summary: DeliverySummary = !tenant.datasets.includes(dataset.name)
    ? { tenant, outcome: "unwanted" }
    : hasRows(delivery)
      ? await takeRows(lake, intake, name, tenant, dataset, delivery)
      : { tenant, outcome: "repeated" };
  await writeDeliveryRecord(lake.items, intake.name, name, {
    ...{ outcome: summary.outcome, tenant: tenant.id },
    ...{ runId: lake.runId, recordedAt: lake.now().toISOString() },
  });
  await observerOf(lake, name, tenant)("settled");
  return summary;
}

function tenantOf({ settings }: Lake, { bankId }: AcceptedDelivery, report: string): Tenant {
  const tenant = settings.tenants.find((each) => each.bankId === bankId);
  if (tenant !== undefined) return tenant;
  throw new ConfigError(`no tenant has the bank ${bankId} of ${report}`, {
    hint: "Add the bank to tenants.json, apply Terraform and deploy; a tenant may have no datasets. Nothing was written.",
  });
}

function hasRows(delivery: AcceptedDelivery): delivery is DeliveryWithRows {
  return delivery.stage !== undefined;
}

async function takeRows(
  lake: Lake,
  intake: Bucket,
  name: ReportName,
  tenant: Tenant,
  dataset: DeliveryDataset,
  delivery: DeliveryWithRows,
): Promise<DeliverySummary> {
  const observe = observerOf(lake, name, tenant);
  const bucket = lake.open(lake.settings.bucketOf(tenant));
  const place = { tenant, bucket, dataset, month: name.month };
  const key = await lake.inTurn(() => makeDeliveryFile(lake, place, intake, delivery, observe));
  if (key === undefined) return { tenant, outcome: "gone" };
  const tenantMonth = { tenant, dataset: dataset.name, month: name.month };
  await writeEntry(lake.items, tenantMonth, uriOf(intake.name, name.key), { revision: 1, key });
  await observe("entered");
  await updateList(lake, tenantMonth);
  await observe("listed");
  const { rowCount } = delivery.stage;
  // Before the record, so that a run that dies repeats it.
  await lake.announce(
    machineMessage(
      {
        ...{ tenant: tenant.id, file: uriOf(intake.name, delivery.file.key), dataset: dataset.name },
        ...{ status: "accepted", month: name.month, rowCount },
      },
      lake.runId,
    ),
  );
  await observe("announced");
  return { tenant, outcome: "accepted", file: { key, rowCount } };
}

function observerOf({ observe }: Lake, { feed, month, key }: ReportName, { id }: Tenant) {
  return (step: LakeStep) => observe({ step, dataset: feed, month, tenant: id, key });
}
