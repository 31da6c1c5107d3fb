/** Opens a bucket. The module of S3's client, the largest of all, is loaded here, when a bucket is needed. */
import type { Edge } from "../edge";
import type { BucketSettings } from "../settings";
import type { ObjectStore } from "./object-store";
import type { ObjectVersions } from "./object-versions";

export async function openBucket(
  settings: BucketSettings,
  { aws, runId, deadline }: Pick<Edge, "aws" | "runId" | "deadline">,
): Promise<ObjectStore> {
  const [module, s3] = await Promise.all([import("./object-store"), aws.s3(settings)]);
  return new module.ObjectStore(s3, settings, runId, deadline.signal);
}

/** Opens the same bucket for actions on single versions. */
export async function openVersions(
  settings: BucketSettings,
  { aws, deadline }: Pick<Edge, "aws" | "deadline">,
): Promise<ObjectVersions> {
  const [module, s3] = await Promise.all([import("./object-versions"), aws.s3(settings)]);
  return new module.ObjectVersions(s3, settings, deadline.signal);
}
