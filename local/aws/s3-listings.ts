// The four listings of the local S3, one page per request: objects, versions, open uploads, and an upload's parts.
import { xmlReply, type Reply, type XmlContent } from "./exchange";
import { s3Error } from "./s3-errors";
import { type S3Request } from "./s3-request";
import { type Version } from "./s3-state";
import { checksumElement } from "./s3-xml";
import { uriEncode } from "./sigv4";

interface Page<T> {
  readonly items: readonly T[];
  readonly truncated: boolean;
  readonly last: T | undefined;
}

export function listObjectsV2({ bucket, query }: S3Request): Reply {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const startAfter = query.get("start-after") ?? "";
  const token = query.get("continuation-token");
  // In Base64, so that callers can't rely on tokens being keys.
  const after = token === null ? "" : Buffer.from(token, "base64url").toString();
  const encode = encoder(query);
  const maxKeys = limit(query, "max-keys");

  /** The entry that a key is listed under: the key itself, or its prefix up to the delimiter. */
  const entryOf = (key: string): string => {
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    return end < 0 ? key : key.slice(0, end + delimiter.length);
  };
  const objects = new Map(
    versionsByKey(bucket.objects.values(), prefix).flatMap(([newest]) =>
      newest?.deleteMarker === false && isAfter(newest.key, startAfter) ? [[newest.key, newest]] : [],
    ),
  );
  const entries = [...new Set([...objects.keys()].map(entryOf))].filter((entry) => isAfter(entry, after));
  const { items, truncated, last } = page(entries, maxKeys);
  const isKey = (entry: string): boolean => entryOf(entry) === entry && objects.has(entry);
  return xmlReply("ListBucketResult", {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    StartAfter: startAfter === "" ? undefined : encode(startAfter),
    EncodingType: query.get("encoding-type") ?? undefined,
    MaxKeys: maxKeys,
    KeyCount: items.length,
    IsTruncated: truncated,
    ContinuationToken: token ?? undefined,
    NextContinuationToken:
      truncated && last !== undefined ? Buffer.from(last).toString("base64url") : undefined,
    Contents: items.flatMap((entry) => {
      const object = isKey(entry) ? objects.get(entry) : undefined;
      if (object === undefined) return [];
      return {
        Key: encode(object.key),
        LastModified: object.lastModified.toISOString(),
        ETag: `"${object.etag}"`,
        ChecksumAlgorithm: object.checksum?.algorithm,
        ChecksumType: object.checksum?.type,
        Size: object.size,
        StorageClass: "STANDARD",
      };
    }),
    CommonPrefixes: items.filter((entry) => !isKey(entry)).map((entry) => ({ Prefix: encode(entry) })),
  });
}

export function listObjectVersions({ bucket, query }: S3Request): Reply {
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  const versionMarker = query.get("version-id-marker");
  const encode = encoder(query);
  const maxKeys = limit(query, "max-keys");
  const versions = versionsByKey(bucket.objects.values(), prefix).flatMap((ofKey) => {
    if (isAfter(ofKey[0]?.key ?? "", keyMarker)) return ofKey;
    if (ofKey[0]?.key !== keyMarker || versionMarker === null) return [];
    return ofKey.slice(ofKey.findIndex((version) => version.versionId === versionMarker) + 1);
  });
  const { items, truncated, last } = page(versions, maxKeys);
  const describe = (version: Version): Record<string, XmlContent> => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: bucket.objects.get(version.key)?.[0] === version,
    LastModified: version.lastModified.toISOString(),
  });
  return xmlReply("ListVersionsResult", {
    Name: bucket.name,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker ?? "",
    EncodingType: query.get("encoding-type") ?? undefined,
    MaxKeys: maxKeys,
    IsTruncated: truncated,
    NextKeyMarker: truncated && last ? encode(last.key) : undefined,
    NextVersionIdMarker: truncated ? last?.versionId : undefined,
    Version: items.flatMap((version) =>
      version.deleteMarker
        ? []
        : { ...describe(version), ETag: `"${version.etag}"`, Size: version.size, StorageClass: "STANDARD" },
    ),
    DeleteMarker: items.filter((version) => version.deleteMarker).map(describe),
  });
}

export function listMultipartUploads({ bucket, query }: S3Request): Reply {
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  const idMarker = query.get("upload-id-marker") ?? "";
  const encode = encoder(query);
  const maxUploads = limit(query, "max-uploads");
  const uploads = [...bucket.uploads.values()]
    .filter(({ key, id }) => {
      if (!key.startsWith(prefix)) return false;
      return isAfter(key, keyMarker) || (key === keyMarker && idMarker !== "" && id > idMarker);
    })
    .sort((a, b) => byteOrder(a.key, b.key) || byteOrder(a.id, b.id));
  const { items, truncated, last } = page(uploads, maxUploads);
  return xmlReply("ListMultipartUploadsResult", {
    Bucket: bucket.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    Prefix: encode(prefix),
    EncodingType: query.get("encoding-type") ?? undefined,
    MaxUploads: maxUploads,
    IsTruncated: truncated,
    NextKeyMarker: truncated && last ? encode(last.key) : undefined,
    NextUploadIdMarker: truncated ? last?.id : undefined,
    Upload: items.map((upload) => ({
      UploadId: upload.id,
      Key: encode(upload.key),
      Initiated: upload.initiated.toISOString(),
      StorageClass: "STANDARD",
      ChecksumAlgorithm: upload.algorithm,
      ChecksumType: upload.algorithm && "COMPOSITE",
    })),
  });
}

export function listParts({ store, bucket, key, query }: S3Request): Reply {
  const upload = store.upload(bucket, key, query.get("uploadId") ?? "");
  const marker = Number(query.get("part-number-marker") ?? 0);
  const maxParts = limit(query, "max-parts");
  const parts = [...upload.parts.values()].filter((part) => part.number > marker);
  const { items, truncated, last } = page(
    parts.sort((a, b) => a.number - b.number),
    maxParts,
  );
  return xmlReply("ListPartsResult", {
    Bucket: bucket.name,
    Key: key,
    UploadId: upload.id,
    StorageClass: "STANDARD",
    PartNumberMarker: marker,
    NextPartNumberMarker: truncated ? last?.number : undefined,
    MaxParts: maxParts,
    IsTruncated: truncated,
    ChecksumAlgorithm: upload.algorithm,
    ChecksumType: upload.algorithm && "COMPOSITE",
    Part: items.map((part) => ({
      PartNumber: part.number,
      LastModified: part.lastModified.toISOString(),
      ETag: `"${part.md5}"`,
      Size: part.size,
      ...checksumElement(part.checksum),
    })),
  });
}

function versionsByKey(objects: Iterable<Version[]>, prefix: string): Version[][] {
  return [...objects]
    .filter(([newest]) => newest?.key.startsWith(prefix))
    .sort(([a], [b]) => byteOrder(a?.key ?? "", b?.key ?? ""));
}

/** S3 sorts by UTF-8 bytes, which is not the order of JavaScript's strings. */
function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isAfter(text: string, marker: string): boolean {
  return marker === "" || byteOrder(text, marker) > 0;
}

function page<T>(items: readonly T[], max: number): Page<T> {
  const shown = items.slice(0, max);
  return { items: shown, truncated: max > 0 && items.length > max, last: shown.at(-1) };
}

function limit(query: URLSearchParams, parameter: string): number {
  const value = query.get(parameter) ?? "1000";
  if (!/^\d+$/.test(value)) throw s3Error("InvalidArgument", parameter);
  return Math.min(Number(value), 1000);
}

function encoder(query: URLSearchParams): (text: string) => string {
  if (query.get("encoding-type") !== "url") return (text) => text;
  return (text) => text.split("/").map(uriEncode).join("/");
}
