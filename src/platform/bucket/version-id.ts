/**
 * The id of an object's version as the program compares and publishes it: null for an object that was written while its
 * bucket had no versioning, or had suspended it. S3 sends no id for it, or "null" once the bucket has had versioning;
 * which of the two depends on the request, so both mean the same here.
 * Source: Amazon S3 User Guide, "How S3 Versioning works" and "Adding objects to versioning-suspended buckets".
 */
export function versionOrNull(versionId: string | null | undefined): string | null {
  return versionId === undefined || versionId === "null" ? null : versionId;
}
