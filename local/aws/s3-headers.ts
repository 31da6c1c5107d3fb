// The headers that several S3 operations share, in requests and responses.
import { type Call } from "./exchange";
import { type Checksum } from "./payload";
import { s3Error } from "./s3-errors";
import { type Bucket, type ObjectHeaders, type ObjectVersion, type WriteCondition } from "./s3-state";

/** Of a body that is put or copied in one request. */
export const maximumPutSize = 5 * 1024 ** 3;
const keptHeaders = /^(content-(type|disposition|language|encoding)|cache-control|expires|x-amz-meta-.+)$/;
export const encryptionHeaders = /^x-amz-server-side-encryption(-aws-kms-key-id|-bucket-key-enabled)?$/;

export function conditionOf({ headers }: Call, bucket: Bucket, key: string): WriteCondition {
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && (ifNoneMatch !== "*" || ifMatch !== undefined)) {
    throw s3Error("NotImplemented", "If-None-Match other than *, or together with If-Match");
  }
  return { ifMatch, ifNoneMatch: ifNoneMatch === "*", deletionsSeen: bucket.deletions.get(key) ?? 0 };
}

/** S3 requires the length in advance, so it accepts HTTP's chunked encoding only for aws-chunked bodies. */
export function requireLength({ headers }: Call): void {
  const length = headers["x-amz-decoded-content-length"] ?? headers["content-length"];
  if (length === undefined) {
    if (headers["transfer-encoding"] !== undefined) throw s3Error("NotImplemented", "Transfer-Encoding");
    throw s3Error("MissingContentLength");
  }
  if (Number(length) > maximumPutSize) throw s3Error("EntityTooLarge");
}

export function headersToKeep(call: Call): ObjectHeaders {
  const kept = Object.entries(call.headers).flatMap(([name, value]) => {
    if (value === undefined || !(keptHeaders.test(name) || encryptionHeaders.test(name))) return [];
    // aws-chunked is the encoding of the request's body, not of the object.
    const text =
      name === "content-encoding" ? value.toString().replace(/(^|, *)aws-chunked/, "") : value.toString();
    return text === "" ? [] : [[name, text] as const];
  });
  // S3 encrypts every object by default, and its responses show it.
  const defaults = { "content-type": "binary/octet-stream", "x-amz-server-side-encryption": "AES256" };
  return { ...defaults, ...Object.fromEntries(kept) };
}

export function encryptionOf(headers: ObjectHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => encryptionHeaders.test(name)));
}

export function checksumHeader(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value } : {};
}

/** The headers that describe an object in the responses to both writing and reading it. */
export function written(
  bucket: Bucket,
  version: ObjectVersion,
  withChecksum: boolean,
): Record<string, string> {
  return {
    ...encryptionOf(version.headers),
    ...(bucket.versioning && { "x-amz-version-id": version.versionId }),
    ...(withChecksum && version.checksum && { "x-amz-checksum-type": version.checksum.type }),
    ...(withChecksum && checksumHeader(version.checksum)),
  };
}

/** A single range of bytes. Any other form of the header is ignored, as RFC 9110 allows. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { first: number; last: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  const first = from === "" ? Math.max(size - Number(to), 0) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) throw s3Error("InvalidRange", undefined, { "content-range": `bytes */${size}` });
  return { first, last };
}
