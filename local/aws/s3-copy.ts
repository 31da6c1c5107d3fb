// The local S3's CopyObject: a version of an object in any bucket becomes an object of its own.
// Source of the behaviour: Amazon S3 API Reference, "CopyObject".
import { type Call, type Reply, xmlReply } from "./exchange";
import { conditionOf, encryptionOf, headersToKeep, maximumPutSize, written } from "./s3-headers";
import { s3Error } from "./s3-errors";
import { type S3Request } from "./s3-request";
import { type ObjectHeaders, type ObjectVersion, unquoted } from "./s3-state";
import { type S3Store } from "./s3-store";

/** The request headers that only a copy has. */
export const copyHeaders = /^x-amz-(copy-source(-if-match)?|metadata-directive)$/;

export async function copyObject({ store, call, bucket, key }: S3Request): Promise<Reply> {
  const condition = conditionOf(call, bucket, key);
  const { source, from } = sourceOf(store, call);
  const ifMatch = call.headers["x-amz-copy-source-if-match"]?.toString();
  if (ifMatch !== undefined && unquoted(ifMatch) !== source.etag) throw s3Error("PreconditionFailed");
  if (source.size > maximumPutSize) {
    throw s3Error("InvalidRequest", `The copy source is larger than ${maximumPutSize} bytes.`);
  }
  const headers = copiedHeaders(call, source);
  const copy = await store.copy(source, (body) =>
    store.put(bucket, key, body, headers, condition, "CopyObject"),
  );
  return xmlReply(
    "CopyObjectResult",
    { ETag: `"${copy.etag}"`, LastModified: copy.lastModified.toISOString() },
    {
      ...written(bucket, copy, false),
      ...(from.versioning && { "x-amz-copy-source-version-id": source.versionId }),
    },
  );
}

function sourceOf(store: S3Store, call: Call) {
  const header = call.headers["x-amz-copy-source"]?.toString() ?? "";
  const [, bucketName = "", key = "", versionId] =
    /^\/?([^/]+)\/([^?]+)(?:\?versionId=([^&]+))?$/.exec(header) ?? [];
  if (key === "") throw s3Error("InvalidArgument", "x-amz-copy-source");
  const from = store.bucket(decodeURIComponent(bucketName));
  const named = from.objects.get(decodeURIComponent(key))?.find((one) => one.versionId === versionId);
  if (named?.deleteMarker === true) throw s3Error("InvalidRequest", "The source version is a delete marker.");
  return { from, source: store.object(from, decodeURIComponent(key), versionId) };
}

/** A copy keeps the metadata of its source unless it is told to replace them; its encryption is always its own. */
function copiedHeaders(call: Call, source: ObjectVersion): ObjectHeaders {
  const directive = call.headers["x-amz-metadata-directive"]?.toString() ?? "COPY";
  const given = headersToKeep(call);
  if (directive === "REPLACE") return given;
  if (directive !== "COPY") throw s3Error("InvalidArgument", "x-amz-metadata-directive");
  return { ...source.headers, ...encryptionOf(given) };
}
