/** The source's bucket and the tenants' buckets, all through one client. */
import type { ObjectStore } from "../platform/bucket/object-store";
import type { ObjectVersions } from "../platform/bucket/object-versions";
import type { Edge } from "../platform/edge";
import type { BucketSettings } from "../platform/settings";

/** One bucket: its objects, and the list of its keys. */
export interface Bucket {
  readonly name: string;
  readonly objects: ObjectStore;
  readonly versions: ObjectVersions;
}

export type OpenBucket = (settings: BucketSettings) => Bucket;

export async function openBuckets(
  settings: Pick<BucketSettings, "forcePathStyle">,
  { aws, runId, deadline }: Pick<Edge, "aws" | "runId" | "deadline">,
): Promise<OpenBucket> {
  const [s3, { ObjectStore }, { ObjectVersions }] = await Promise.all([
    aws.s3(settings),
    import("../platform/bucket/object-store"),
    import("../platform/bucket/object-versions"),
  ]);
  const opened = new Map<string, Bucket>();
  return (bucket) => {
    const found = opened.get(bucket.bucket) ?? {
      name: bucket.bucket,
      objects: new ObjectStore(s3, bucket, runId, deadline.signal),
      versions: new ObjectVersions(s3, bucket, deadline.signal),
    };
    opened.set(bucket.bucket, found);
    return found;
  };
}
