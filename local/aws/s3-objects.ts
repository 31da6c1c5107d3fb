// The local S3's operations on single objects.
import { type Reply } from "./exchange";
import { read } from "./s3-content";
import { conditionOf, headersToKeep, rangeOf, requireLength, written } from "./s3-headers";
import { s3Error } from "./s3-errors";
import { type S3Request } from "./s3-request";
import { requireCondition } from "./s3-state";

export async function putObject({ store, call, bucket, key }: S3Request): Promise<Reply> {
  const condition = conditionOf(call, bucket, key);
  const headers = headersToKeep(call);
  requireLength(call);
  const version = await store.store(call, (body) => store.put(bucket, key, body, headers, condition));
  return { status: 200, headers: { etag: `"${version.etag}"`, ...written(bucket, version, true) } };
}

/** GetObject and HeadObject; the response to HEAD has no body. */
export function getObject({ store, call, bucket, key, query }: S3Request): Reply {
  const version = store.object(bucket, key, query.get("versionId") ?? undefined);
  const range = rangeOf(call.headers.range, version.size);
  const { first, last } = range ?? { first: 0, last: version.size - 1 };
  // The checksum is for the whole object, so a range has none.
  const withChecksum = range === undefined && call.headers["x-amz-checksum-mode"] === "ENABLED";
  return {
    status: range ? 206 : 200,
    headers: {
      ...version.headers,
      ...written(bucket, version, withChecksum),
      etag: `"${version.etag}"`,
      "last-modified": version.lastModified.toUTCString(),
      "accept-ranges": "bytes",
      "content-length": String(last - first + 1),
      ...(range && { "content-range": `bytes ${first}-${last}/${version.size}` }),
    },
    ...(call.method === "GET" && { body: read(version.content, first, last) }),
  };
}

/** Source of the condition: Amazon S3 User Guide, "How to perform conditional deletes". */
export function deleteObject({ store, call, bucket, key, query }: S3Request): Reply {
  const condition = conditionOf(call, bucket, key);
  if (condition.ifNoneMatch) throw s3Error("NotImplemented", "If-None-Match of DeleteObject");
  requireCondition(bucket, key, condition);
  const version = store.remove(bucket, key, query.get("versionId") ?? undefined);
  if (version === undefined || bucket.versioning === undefined) return { status: 204 };
  const marker = version.deleteMarker ? { "x-amz-delete-marker": "true" } : {};
  return { status: 204, headers: { "x-amz-version-id": version.versionId, ...marker } };
}
