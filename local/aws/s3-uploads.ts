// The local S3's operations on multipart uploads.
import { type Reply, xmlReply } from "./exchange";
import { checksumAlgorithm, checksumAlgorithms, receiveText } from "./payload";
import { type ListedPart } from "./s3-assembly";
import { s3Error } from "./s3-errors";
import {
  checksumHeader,
  conditionOf,
  encryptionOf,
  headersToKeep,
  requireLength,
  written,
} from "./s3-headers";
import { type S3Request } from "./s3-request";
import { checksumElement, parseXml, textOf } from "./s3-xml";

export function createMultipartUpload({ store, call, bucket, key }: S3Request): Reply {
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

export async function uploadPart({ store, call, bucket, key, query }: S3Request): Promise<Reply> {
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

export async function completeMultipartUpload({
  store,
  call,
  bucket,
  key,
  query,
}: S3Request): Promise<Reply> {
  const condition = conditionOf(call, bucket, key);
  const size = call.headers["x-amz-mp-object-size"];
  // In this request the checksum header is for the object, not for the body, so payload.ts must not see it.
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

export function abortMultipartUpload({ store, bucket, key, query }: S3Request): Reply {
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
