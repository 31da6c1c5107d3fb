/** Checks a month that is made of the tenants' own files: lists, every byte, rows and totals, and the way back to `raw/`. */
import type { Month } from "../../platform/month";
import { listKey, uriOf } from "../keys";
import { originOf, problemsOf } from "../origin";
import type { RawDataset } from "../raw-dataset";
import type { TenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { type LakeVerification, verifyFile } from "../verification";
import { filesOf, listTextOf } from "./month-list";
import { readEntries, readRawRecord } from "./records";

/** Reads every file that the lake has of the month, to the end. */
export async function verifyRawMonth(
  lake: TenantLake,
  dataset: RawDataset,
  month: Month,
): Promise<LakeVerification> {
  const problems: string[] = [];
  let fileCount = 0;
  for (const tenant of lake.settings.tenants.filter(({ datasets }) => datasets.includes(dataset.name))) {
    const found = await verifyTenantMonth(lake, dataset, month, tenant);
    fileCount += found.fileCount;
    problems.push(...found.problems);
  }
  const status = problems.length > 0 ? "damaged" : fileCount > 0 ? "verified" : "unpublished";
  return { dataset: dataset.name, month, status, problems };
}

async function verifyTenantMonth(
  lake: TenantLake,
  dataset: RawDataset,
  month: Month,
  tenant: Tenant,
): Promise<{ readonly fileCount: number; readonly problems: readonly string[] }> {
  const { open, settings, items, lineage } = lake;
  const bucket = open(settings.bucketOf(tenant));
  const entries = await readEntries(items, { tenant, dataset: dataset.name, month });
  const files = filesOf(entries);
  const at = listKey(dataset.name, month);
  const list = await bucket.objects.read(at);
  const problems: string[] = [];
  if ((list?.text ?? "") !== listTextOf(bucket, files))
    problems.push(`${uriOf(bucket.name, at)} does not name the month's files`);
  for (const source of entries.sources) {
    const record = await readRawRecord(items, bucket.name, source);
    if (record?.isSettled !== true) problems.push(`${uriOf(bucket.name, source)} is not settled`);
  }
  for (const key of files) {
    const wrong = await verifyFile(dataset, bucket, key, await lineage.find(bucket.name, key));
    problems.push(...wrong);
    if (wrong.length > 0) continue;
    const { contents } = await originOf(lake, uriOf(bucket.name, key));
    const now = contents.find(({ present }) => present === "as recorded");
    problems.push(...(now === undefined ? [] : problemsOf(now)));
  }
  return { fileCount: files.length, problems };
}
