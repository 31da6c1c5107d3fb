/** Checks months of the lake against what the extract has published: the record, the lists and every byte of the files. */
import { ReconciliationError, VerificationError } from "../platform/errors";
import type { Month } from "../platform/month";
import type { Bucket } from "./buckets";
import type { Dataset, ExtractDataset } from "./dataset";
import { listKey, uriOf } from "./keys";
import type { Lake } from "./lake-month";
import type { LakeMonth, Lineage } from "./lineage";
import { manifestKey, type PublishedMonth, readPublishedMonth } from "./published-month";
import { digestOf, readBack } from "./stored-file";
import type { Tenant } from "./tenants";

export interface LakeVerification {
  readonly dataset: string;
  readonly month: Month;
  /**
   * `missing`: the extract has published the month and the lake doesn't have it; `outdated`: the lake has another revision;
   * `unpublished`: neither has it; `damaged`: something is not as it was recorded.
   */
  readonly status: "verified" | "withdrawn" | "missing" | "outdated" | "unpublished" | "damaged";
  /** That of the lake; missing for a dataset that has no revisions. */
  readonly revision?: number;
  /** Sentences that name the object; empty if verified, withdrawn or unpublished. */
  readonly problems: readonly string[];
}

/** Verifies one month: reads every file that the lake has of it, to the end. */
export async function verifyLakeMonth(
  lake: Lake,
  dataset: ExtractDataset,
  month: Month,
): Promise<LakeVerification> {
  const { settings, open, lineage } = lake;
  const source = open(settings.source.bucket);
  const key = manifestKey(settings.source.prefix, dataset, month);
  const published = await readPublishedMonth(source, key, dataset, month);
  const record = await lineage.readMonth(dataset.name, month);
  const found = { dataset: dataset.name, month };
  if (record === undefined) {
    if (published === undefined) return { ...found, status: "unpublished", problems: [] };
    const problem = `the lake does not have ${dataset.name} of ${month}, which is published`;
    return { ...found, status: "missing", problems: [problem] };
  }
  const { state, revision } = record;
  const problems: string[] = [];
  for (const tenant of settings.tenants.filter(({ datasets }) => datasets.includes(dataset.name)))
    problems.push(...(await verifyTenant(lake, dataset, record, published, tenant)));
  if (problems.length > 0) return { ...found, status: "damaged", revision, problems };
  if (published?.revision !== revision) {
    const problem = `the lake has revision ${revision} of ${dataset.name} ${month}, published is ${published?.revision ?? "none"}`;
    return { ...found, status: "outdated", revision, problems: [problem] };
  }
  return { ...found, status: state === "withdrawn" ? state : "verified", revision, problems };
}

/** @throws VerificationError that names every problem of these months. */
export function expectLakeVerified(months: readonly LakeVerification[]): void {
  const problems = months.flatMap((month) => month.problems);
  if (problems.length === 0) return;
  throw new VerificationError(problems.join("; "), {
    hint: "Bring the month into the lake again: npx bank-batch lake --month <month> --remake, or refine FILE --again for a tenant's own file.",
  });
}

async function verifyTenant(
  { settings, open, lineage }: Lake,
  dataset: ExtractDataset,
  { month, objects, revision }: LakeMonth,
  published: PublishedMonth | undefined,
  tenant: Tenant,
): Promise<string[]> {
  const bucket = open(settings.bucketOf(tenant));
  const own = objects.filter((object) => object.tenant === tenant.id);
  const list = await bucket.objects.read(listKey(dataset.name, month));
  const expected = own.map(({ key }) => `${uriOf(bucket.name, key)}\n`).join("");
  const problems: string[] = [];
  if ((list?.text ?? "") !== expected)
    problems.push(
      `${uriOf(bucket.name, listKey(dataset.name, month))} does not name the files of the month's record`,
    );
  for (const { key } of own) {
    const items = await lineage.find(bucket.name, key);
    problems.push(...(await verifyFile(dataset, bucket, key, items)));
    if (published?.revision !== revision) continue;
    const sources = items.flatMap(({ parents }) => parents.map(({ sha256 }) => sha256));
    const file = published.files.find(({ bankId }) => bankId === tenant.bankId);
    if (file === undefined || !sources.includes(file.sha256))
      problems.push(`${uriOf(bucket.name, key)} is not made of the file that is published`);
  }
  return problems;
}

export async function verifyFile(
  dataset: Dataset,
  bucket: Bucket,
  key: string,
  items: readonly Lineage[],
): Promise<string[]> {
  const uri = uriOf(bucket.name, key);
  const version = await bucket.objects.head(key);
  const found = version && (await digestOf(bucket, key, version.versionId));
  if (version === undefined || found === undefined) return [`${uri} is gone`];
  const item = items.find(({ object }) => object.sha256 === found.sha256);
  if (item === undefined) return [`${uri} has the SHA-256 ${found.sha256}, which the lineage does not know`];
  try {
    const content = await readBack(dataset, bucket, key, version, found.byteCount);
    const stated: Readonly<Record<string, unknown>> = { rowCount: item.rowCount, ...item.totals };
    return Object.entries({ rowCount: content.rowCount, ...content.totals }).flatMap(([name, value]) =>
      value === stated[name] ? [] : [`${uri}: ${name} is ${value}, the lineage says ${String(stated[name])}`],
    );
  } catch (error) {
    if (error instanceof ReconciliationError) return [error.message];
    throw error;
  }
}
