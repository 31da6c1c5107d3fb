// The local S3: what the requests of the REST API mean, path style, on top of s3-store.ts.
//
// Served is what the program, its tests and its demo use. Left out, because nothing here uses them: tagging, copy,
// DeleteObjects, conditional reads, ACLs, and the configuration of notification, lifecycle, encryption and policy.
// Whatever isn't served is refused with 501 NotImplemented (operations, parameters and x-amz-* headers alike)
// rather than half done. Source of the behaviour, unless said otherwise: Amazon S3 API Reference.
import { XMLParser } from "fast-xml-parser";
import { type AwsError, xmlReply, type Call, type Operation, type Reply, type Service } from "./exchange";
import { checksumAlgorithm, checksumAlgorithms, receiveText, type Checksum } from "./payload";
import { s3Error } from "./s3-errors";
import {
  checksumElement,
  listMultipartUploads,
  listObjectsV2,
  listObjectVersions,
  listParts,
} from "./s3-listings";
import { type S3Request } from "./s3-request";
import {
  type Bucket,
  type ListedPart,
  type ObjectHeaders,
  type ObjectVersion,
  type S3Store,
  type WriteCondition,
} from "./s3-store";

const maximumPutSize = 5 * 1024 ** 3;
const keptHeaders = /^(content-(type|disposition|language|encoding)|cache-control|expires|x-amz-meta-.+)$/;
const encryptionHeaders = /^x-amz-server-side-encryption(-aws-kms-key-id|-bucket-key-enabled)?$/;
const understoodHeaders =
  /^x-amz-(date|content-sha256|user-agent|meta-.+|trailer|decoded-content-length|(sdk-)?checksum-.+|mp-object-size)$/;
const conditionalReads = ["if-modified-since", "if-unmodified-since", "if-range"];

interface Route {
  /** The AWS API name. */
  readonly name: string;
  /** Method, target, and the query parameters that make a request this operation. */
  readonly request: string;
  /** The query parameters which it may have besides. */
  readonly optional?: readonly string[];
  readonly conditional?: true;
  readonly serve: (request: S3Request) => Reply | Promise<Reply>;
}

const versionId = ["versionId"];
const ofListing = ["prefix", "max-keys", "encoding-type"];
const ofVersions = [...ofListing, "key-marker", "version-id-marker"];
const ofObjects = [...ofListing, "delimiter", "start-after", "continuation-token"];
const ofUploads = ["prefix", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"];
const ofParts = ["max-parts", "part-number-marker"];

// prettier-ignore
const routes: readonly Route[] = [
  { name: "CreateBucket", request: "PUT bucket", serve: createBucket },
  { name: "HeadBucket", request: "HEAD bucket", serve: headBucket },
  { name: "PutBucketVersioning", request: "PUT bucket versioning", serve: putBucketVersioning },
  { name: "GetBucketVersioning", request: "GET bucket versioning", serve: getBucketVersioning },
  { name: "ListObjectsV2", request: "GET bucket list-type", optional: ofObjects, serve: listObjectsV2 },
  { name: "ListObjectVersions", request: "GET bucket versions", optional: ofVersions, serve: listObjectVersions },
  { name: "ListMultipartUploads", request: "GET bucket uploads", optional: ofUploads, serve: listMultipartUploads },
  { name: "PutObject", request: "PUT object", conditional: true, serve: putObject },
  { name: "GetObject", request: "GET object", optional: versionId, serve: getObject },
  { name: "HeadObject", request: "HEAD object", optional: versionId, serve: getObject },
  { name: "DeleteObject", request: "DELETE object", optional: versionId, serve: deleteObject },
  { name: "CreateMultipartUpload", request: "POST object uploads", serve: createMultipartUpload },
  { name: "UploadPart", request: "PUT object uploadId partNumber", serve: uploadPart },
  { name: "CompleteMultipartUpload", request: "POST object uploadId", conditional: true, serve: completeMultipartUpload },
  { name: "AbortMultipartUpload", request: "DELETE object uploadId", serve: abortMultipartUpload },
  { name: "ListParts", request: "GET object uploadId", optional: ofParts, serve: listParts },
];

export function s3Service(store: S3Store): Service {
  return { name: "s3", recognise: (call) => recognise(store, call), refuse };
}

function recognise(store: S3Store, call: Call): Operation {
  const [, bucketName = "", rawKey = ""] = /^\/([^/]*)\/?(.*)$/s.exec(call.path) ?? [];
  const key = decodeURIComponent(rawKey);
  const query = new URLSearchParams(call.search);
  // The SDK adds x-id to some requests, for logs: it names the operation, but S3 doesn't go by it.
  query.delete("x-id");
  const given = [call.method, key === "" ? "bucket" : "object", ...query.keys()];
  const route = routes.find(({ request, optional = [] }) => {
    const wanted = request.split(" ");
    const all = [...wanted, ...optional];
    return wanted.every((word) => given.includes(word)) && given.every((word) => all.includes(word));
  });
  const name = route?.name ?? given.join(" ");
  const uploadId = query.get("uploadId");
  const partNumber = query.get("partNumber");
  const request = {
    store,
    call,
    bucketName,
    get bucket() {
      return store.bucket(bucketName);
    },
    key,
    query,
  };
  return {
    name,
    bucket: bucketName,
    ...(key !== "" && { key }),
    ...(uploadId !== null && { uploadId }),
    ...(partNumber !== null && { partNumber: Number(partNumber) }),
    carryOut: () => {
      if (route === undefined) throw s3Error("NotImplemented", name);
      refuseUnknownHeaders(call, route.conditional ?? false);
      return route.serve(request);
    },
  };
}

function refuse(error: AwsError): Reply {
  const content = { Code: error.code, Message: error.message };
  return { ...xmlReply("Error", content, error.headers), status: error.status };
}

/** An error that comes after the status 200, as CompleteMultipartUpload is documented to answer at times. */
export function lateError(code: string, message: string): Reply {
  return xmlReply("Error", { Code: code, Message: message });
}

// Buckets

async function createBucket({ store, call, bucketName }: S3Request): Promise<Reply> {
  await receiveText(call);
  store.createBucket(bucketName);
  return { status: 200, headers: { location: `/${bucketName}` } };
}

function headBucket({ store, bucketName }: S3Request): Reply {
  store.bucket(bucketName);
  return { status: 200 };
}

async function putBucketVersioning({ call, bucket }: S3Request): Promise<Reply> {
  const status = textOf(parseXml(await receiveText(call), "VersioningConfiguration")["Status"]);
  if (status !== "Enabled" && status !== "Suspended") throw s3Error("MalformedXML");
  bucket.versioning = status;
  return { status: 200 };
}

function getBucketVersioning({ bucket }: S3Request): Reply {
  return xmlReply("VersioningConfiguration", { Status: bucket.versioning });
}

// Objects

async function putObject({ store, call, bucket, key }: S3Request): Promise<Reply> {
  const condition = conditionOf(call, bucket, key);
  const headers = headersToKeep(call);
  requireLength(call);
  const version = await store.store(call, (body) => store.put(bucket, key, body, headers, condition));
  return { status: 200, headers: { etag: `"${version.etag}"`, ...written(bucket, version, true) } };
}

/** GetObject and HeadObject: the server leaves the body out of the answer to a HEAD. */
function getObject({ store, call, bucket, key, query }: S3Request): Reply {
  const version = store.object(bucket, key, query.get("versionId") ?? undefined);
  const range = rangeOf(call.headers.range, version.size);
  const { first, last } = range ?? { first: 0, last: version.size - 1 };
  // The checksum is of the whole object, so a part of it comes without.
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
    ...(call.method === "GET" && { body: store.read(version, first, last) }),
  };
}

function deleteObject({ store, bucket, key, query }: S3Request): Reply {
  const version = store.remove(bucket, key, query.get("versionId") ?? undefined);
  if (version === undefined || bucket.versioning === undefined) return { status: 204 };
  const marker = version.deleteMarker ? { "x-amz-delete-marker": "true" } : {};
  return { status: 204, headers: { "x-amz-version-id": version.versionId, ...marker } };
}

// Multipart uploads

function createMultipartUpload({ store, call, bucket, key }: S3Request): Reply {
  const algorithmName = call.headers["x-amz-checksum-algorithm"]?.toString();
  const algorithm = algorithmName === undefined ? undefined : checksumAlgorithm(algorithmName);
  const type = call.headers["x-amz-checksum-type"]?.toString();
  if (type !== undefined && type !== "COMPOSITE") throw s3Error("NotImplemented", `Checksum type ${type}`);
  const upload = store.createUpload(bucket, key, headersToKeep(call), algorithm);
  return xmlReply(
    "InitiateMultipartUploadResult",
    { Bucket: bucket.name, Key: key, UploadId: upload.id },
    {
      ...encryptionOf(upload.headers),
      ...(algorithm && { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": "COMPOSITE" }),
    },
  );
}

async function uploadPart({ store, call, bucket, key, query }: S3Request): Promise<Reply> {
  const number = Number(query.get("partNumber"));
  if (!(Number.isInteger(number) && number >= 1 && number <= 10_000)) {
    throw s3Error("InvalidArgument", "Part number must be an integer between 1 and 10000.");
  }
  const { id, headers } = store.upload(bucket, key, query.get("uploadId") ?? "");
  requireLength(call);
  const part = await store.store(call, (body) => store.putPart(bucket, key, id, number, body));
  return {
    status: 200,
    headers: { etag: `"${part.md5}"`, ...encryptionOf(headers), ...checksumHeader(part.checksum) },
  };
}

async function completeMultipartUpload({ store, call, bucket, key, query }: S3Request): Promise<Reply> {
  const condition = conditionOf(call, bucket, key);
  const size = call.headers["x-amz-mp-object-size"];
  // In this request a checksum header speaks of the object, not of the body: payload.ts must not see it.
  const claims = Object.entries(call.headers).find(([name]) => /^x-amz-checksum-(crc|sha)/.test(name));
  const headers = Object.fromEntries(Object.entries(call.headers).filter(([name]) => name !== claims?.[0]));
  const body = await receiveText({ ...call, headers });
  const version = store.complete(bucket, key, query.get("uploadId") ?? "", listedParts(body), condition, {
    size: size === undefined ? undefined : Number(size),
    checksum: claims?.[1]?.toString(),
  });
  const { checksum } = version;
  return xmlReply(
    "CompleteMultipartUploadResult",
    {
      Location: `http://${call.headers.host ?? ""}${call.path}`,
      Bucket: bucket.name,
      Key: key,
      ETag: `"${version.etag}"`,
      ...checksumElement(checksum),
      ChecksumType: checksum?.type,
    },
    written(bucket, version, false),
  );
}

function abortMultipartUpload({ store, bucket, key, query }: S3Request): Reply {
  store.abort(bucket, key, query.get("uploadId") ?? "");
  return { status: 204 };
}

function listedParts(body: string): ListedPart[] {
  const parts = parseXml(body, "CompleteMultipartUpload")["Part"];
  return (Array.isArray(parts) ? parts : []).map((part: unknown) => {
    if (typeof part !== "object" || part === null) throw s3Error("MalformedXML");
    const fields = new Map(Object.entries(part).map(([name, value]) => [name, textOf(value)]));
    const number = Number(fields.get("PartNumber"));
    const etag = fields.get("ETag");
    if (!Number.isInteger(number) || etag === undefined) throw s3Error("MalformedXML");
    const checksums = checksumAlgorithms.flatMap((algorithm) => {
      const value = fields.get(`Checksum${algorithm}`);
      return value === undefined ? [] : [[algorithm, value] as const];
    });
    return { number, etag, checksums: Object.fromEntries(checksums) };
  });
}

// What requests and answers have in common

function refuseUnknownHeaders(call: Call, conditional: boolean): void {
  const unknown = Object.keys(call.headers).find(
    (name) =>
      (name.startsWith("x-amz-") && !understoodHeaders.test(name) && !encryptionHeaders.test(name)) ||
      conditionalReads.includes(name) ||
      (!conditional && (name === "if-match" || name === "if-none-match")),
  );
  if (unknown !== undefined) throw s3Error("NotImplemented", unknown);
}

function conditionOf({ headers }: Call, bucket: Bucket, key: string): WriteCondition {
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && (ifNoneMatch !== "*" || ifMatch !== undefined)) {
    throw s3Error("NotImplemented", "If-None-Match other than *, or together with If-Match");
  }
  return { ifMatch, ifNoneMatch: ifNoneMatch === "*", deletionsSeen: bucket.deletions.get(key) ?? 0 };
}

/** S3 wants to know the length beforehand: HTTP's own chunks will do only around aws-chunked. */
function requireLength({ headers }: Call): void {
  const length = headers["x-amz-decoded-content-length"] ?? headers["content-length"];
  if (length === undefined) {
    if (headers["transfer-encoding"] !== undefined) throw s3Error("NotImplemented", "Transfer-Encoding");
    throw s3Error("MissingContentLength");
  }
  if (Number(length) > maximumPutSize) throw s3Error("EntityTooLarge");
}

function headersToKeep(call: Call): ObjectHeaders {
  const kept = Object.entries(call.headers).flatMap(([name, value]) => {
    if (value === undefined || !(keptHeaders.test(name) || encryptionHeaders.test(name))) return [];
    // aws-chunked is how the body travelled, not how the object is encoded.
    const text =
      name === "content-encoding" ? value.toString().replace(/(^|, *)aws-chunked/, "") : value.toString();
    return text === "" ? [] : [[name, text] as const];
  });
  // S3 encrypts everything, and says so, also when nobody asked for it.
  const defaults = { "content-type": "binary/octet-stream", "x-amz-server-side-encryption": "AES256" };
  return { ...defaults, ...Object.fromEntries(kept) };
}

function encryptionOf(headers: ObjectHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => encryptionHeaders.test(name)));
}

function checksumHeader(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value } : {};
}

/** The headers that tell of an object both when it is written and when it is read. */
function written(bucket: Bucket, version: ObjectVersion, withChecksum: boolean): Record<string, string> {
  return {
    ...encryptionOf(version.headers),
    ...(bucket.versioning && { "x-amz-version-id": version.versionId }),
    ...(withChecksum && version.checksum && { "x-amz-checksum-type": version.checksum.type }),
    ...(withChecksum && checksumHeader(version.checksum)),
  };
}

/** One range of bytes; any other form of the header is ignored, as RFC 9110 has it. */
function rangeOf(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  const first = from === "" ? Math.max(size - Number(to), 0) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (first > last) throw s3Error("InvalidRange", undefined, { "content-range": `bytes */${size}` });
  return { first, last };
}

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === "Part" });

function parseXml(body: string, root: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parser.parse(body, true);
  } catch {
    throw s3Error("MalformedXML");
  }
  const content = (document as Record<string, unknown>)[root];
  if (typeof content !== "object" || content === null) throw s3Error("MalformedXML");
  return content as Record<string, unknown>;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
