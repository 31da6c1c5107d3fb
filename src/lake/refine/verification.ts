/** Checks a month that is made of several sources: lists, every byte, rows and totals, and the way back to the sources. */
import type { Month } from "../../platform/month";
import type { Dataset } from "../dataset";
import { listKey, uriOf } from "../keys";
import { originOf, problemsOf } from "../origin";
import type { TenantLake } from "../tenant-lake";
import type { Tenant } from "../tenants";
import { type LakeVerification, verifyFile } from "../verification";
import { filesOf, listTextOf } from "./month-list";
import { readEntries, readRawRecord } from "./records";

/** What is known of the sources of a month's files. */
interface Sources {
  /** Whether the lake has done everything about a source of a tenant. */
  readonly isSettled: (tenantBucket: string, source: string) => Promise<boolean>;
  /** Whether objects of the bucket expire although the lake keeps what was made of them. */
  readonly mayBeGone: (bucket: string) => boolean;
}

/** Verifies a month of the tenants' own files. */
export function verifyRawMonth(lake: TenantLake, dataset: Dataset, month: Month): Promise<LakeVerification> {
  return verifyEntries(lake, dataset, month, {
    isSettled: async (bucket, key) => (await readRawRecord(lake.items, bucket, key))?.isSettled === true,
    mayBeGone: () => false,
  });
}

/** Reads every file that the lake has of the month, to the end. */
export async function verifyEntries(
  lake: TenantLake,
  dataset: Dataset,
  month: Month,
  sources: Sources,
): Promise<LakeVerification> {
  const problems: string[] = [];
  let fileCount = 0;
  for (const tenant of lake.settings.tenants.filter(({ datasets }) => datasets.includes(dataset.name))) {
    const found = await verifyTenantMonth(lake, dataset, month, tenant, sources);
    fileCount += found.fileCount;
    problems.push(...found.problems);
  }
  const status = problems.length > 0 ? "damaged" : fileCount > 0 ? "verified" : "unpublished";
  return { dataset: dataset.name, month, status, problems };
}

async function verifyTenantMonth(
  lake: TenantLake,
  dataset: Dataset,
  month: Month,
  tenant: Tenant,
  { isSettled, mayBeGone }: Sources,
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
    if (!(await isSettled(bucket.name, source))) problems.push(`${source} of ${tenant.id} is not settled`);
  }
  for (const key of files) {
    const wrong = await verifyFile(dataset, bucket, key, await lineage.find(bucket.name, key));
    problems.push(...wrong);
    if (wrong.length > 0) continue;
    const { contents } = await originOf(lake, uriOf(bucket.name, key));
    const now = contents.find(({ present }) => present === "as recorded");
    problems.push(...(now === undefined ? [] : problemsOf(now, mayBeGone)));
  }
  return { fileCount: files.length, problems };
}
