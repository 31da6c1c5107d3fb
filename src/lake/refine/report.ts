/**
 * The report about a raw file that was rejected, in the tenant's own bucket: it may quote records. Its problems are those
 * of intake's `report.json`. The file itself stays in `raw/`, where every version of it is kept.
 */
import type { Bucket } from "../buckets";
import type { TenantLake } from "../tenant-lake";
import type { WrongFile } from "./raw-check";
import { parseRawKey, reportKey } from "./raw-key";
import type { RawFile } from "./refined-file";

/** @returns the report's key. */
export async function writeReport(
  { runId, now }: TenantLake,
  { tenant, bucket, key, versionId }: RawFile,
  { problems, problemCount }: WrongFile,
): Promise<string> {
  const report = {
    schemaVersion: 1,
    outcome: "rejected",
    ...{ tenant: tenant.id, dataset: parseRawKey(key).dataset },
    raw: { bucket: bucket.name, key, versionId },
    ...{ problems, problemCount },
    ...{ reportedAt: now().toISOString(), runId },
  };
  const at = reportKey(key, versionId);
  await replaceJson(bucket, at, report);
  return at;
}

async function replaceJson({ objects }: Bucket, key: string, content: object): Promise<void> {
  await objects.putJson(key, `${JSON.stringify(content, undefined, 2)}\n`, await objects.head(key));
}
