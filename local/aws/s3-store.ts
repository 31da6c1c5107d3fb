// The state behind the local S3: buckets, object versions and multipart uploads. Metadata is in memory; bodies
// are files, and an object made of parts stays a list of their files, so no object is ever held or copied whole.
// Every change of state happens in one synchronous step, which is what makes the conditional writes atomic.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Call } from "./exchange";
import { compositeChecksum, receive, type Checksum, type ChecksumAlgorithm, type Received } from "./payload";
import { s3Error } from "./s3-errors";

const minimumPartSize = 5 * 1024 * 1024;

export interface Bucket {
  readonly name: string;
  versioning?: "Enabled" | "Suspended";
  /** By key, newest version first; never an empty list. */
  readonly objects: Map<string, Version[]>;
  readonly uploads: Map<string, MultipartUpload>;
  /** Completed uploads by id: a repeated completion is answered from here. */
  readonly completed: Map<string, ObjectVersion>;
  /** How often the object of a key was deleted; tells a conditional write that it was crossed by a delete. */
  readonly deletions: Map<string, number>;
}

/** Headers kept with an object and given back with it: system and user metadata, encryption. */
export type ObjectHeaders = Readonly<Record<string, string>>;

interface Stored extends Received {
  readonly file: string;
}

interface Content {
  readonly files: readonly { readonly file: string; readonly size: number }[];
  readers: number;
  discarded: boolean;
}

export interface ObjectVersion {
  readonly deleteMarker: false;
  readonly key: string;
  /** "null" for a version written while the bucket wasn't versioned. */
  readonly versionId: string;
  /** Without the quotation marks. */
  readonly etag: string;
  readonly size: number;
  readonly lastModified: Date;
  readonly headers: ObjectHeaders;
  readonly checksum?: Checksum & { readonly type: "FULL_OBJECT" | "COMPOSITE" };
  readonly content: Content;
}

export interface DeleteMarker {
  readonly deleteMarker: true;
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: Date;
}

export type Version = ObjectVersion | DeleteMarker;

export interface MultipartUpload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
  readonly headers: ObjectHeaders;
  readonly algorithm?: ChecksumAlgorithm;
  readonly parts: Map<number, UploadedPart>;
}

export interface UploadedPart extends Stored {
  readonly number: number;
  readonly lastModified: Date;
}

/** A part as a CompleteMultipartUpload request names it. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
}

/** The condition of a write. `deletionsSeen` is what `deletions` said when the request came in. */
export interface WriteCondition {
  readonly ifNoneMatch: boolean;
  readonly ifMatch: string | undefined;
  readonly deletionsSeen: number;
}

export class S3Store {
  readonly #directory: string;
  readonly #buckets = new Map<string, Bucket>();
  #uploadCount = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  createBucket(name: string): Bucket {
    if (this.#buckets.has(name)) throw s3Error("BucketAlreadyOwnedByYou");
    if (!/^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw s3Error("InvalidBucketName");
    const bucket: Bucket = {
      name,
      objects: new Map(),
      uploads: new Map(),
      completed: new Map(),
      deletions: new Map(),
    };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw s3Error("NoSuchBucket");
    return bucket;
  }

  /** The named version, by default the current one. */
  object(bucket: Bucket, key: string, versionId?: string): ObjectVersion {
    const versions = bucket.objects.get(key) ?? [];
    const version =
      versionId === undefined ? versions[0] : versions.find((one) => one.versionId === versionId);
    if (version === undefined) throw s3Error(versionId === undefined ? "NoSuchKey" : "NoSuchVersion");
    if (!version.deleteMarker) return version;
    throw s3Error(versionId === undefined ? "NoSuchKey" : "MethodNotAllowed", undefined, {
      "x-amz-delete-marker": "true",
      "x-amz-version-id": version.versionId,
    });
  }

  /** Writes the body of a request to disk and hands it to `use`; the file is removed if that fails. */
  async store<T>(call: Call, use: (body: Stored) => T): Promise<T> {
    const file = join(this.#directory, randomUUID());
    try {
      return use({ ...(await receive(call, (bytes) => pipeline(bytes, createWriteStream(file)))), file });
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
  }

  put(
    bucket: Bucket,
    key: string,
    body: Stored,
    headers: ObjectHeaders,
    condition: WriteCondition,
  ): ObjectVersion {
    requireCondition(bucket, key, condition);
    return this.#add(bucket, {
      deleteMarker: false,
      key,
      versionId: newVersionId(bucket),
      etag: body.md5,
      size: body.size,
      lastModified: new Date(),
      headers,
      ...(body.checksum && { checksum: { ...body.checksum, type: "FULL_OBJECT" } }),
      content: { files: [body], readers: 0, discarded: false },
    });
  }

  /** Deletes a version for good, or, in a versioned bucket and without a version id, puts a delete marker. */
  remove(bucket: Bucket, key: string, versionId?: string): Version | undefined {
    const versions = bucket.objects.get(key) ?? [];
    const current = versions[0];
    if (versionId === undefined && bucket.versioning !== undefined) {
      if (current?.deleteMarker === false) countDeletion(bucket, key);
      const lastModified = new Date();
      return this.#add(bucket, { deleteMarker: true, key, versionId: newVersionId(bucket), lastModified });
    }
    const removed = versions.find((one) => one.versionId === (versionId ?? "null"));
    if (removed === undefined) return undefined;
    if (removed === current && !removed.deleteMarker) countDeletion(bucket, key);
    this.#drop(bucket, removed);
    return removed;
  }

  createUpload(
    bucket: Bucket,
    key: string,
    headers: ObjectHeaders,
    algorithm: ChecksumAlgorithm | undefined,
  ): MultipartUpload {
    // The ids of S3 have no order, but its listing of a key goes by time: here ids are made to sort so.
    const id = `${String(++this.#uploadCount).padStart(8, "0")}.${randomBytes(24).toString("base64url")}`;
    const upload = {
      id,
      key,
      initiated: new Date(),
      headers,
      ...(algorithm && { algorithm }),
      parts: new Map(),
    };
    bucket.uploads.set(id, upload);
    return upload;
  }

  upload(bucket: Bucket, key: string, id: string): MultipartUpload {
    const upload = bucket.uploads.get(id);
    if (upload?.key !== key) throw s3Error("NoSuchUpload");
    return upload;
  }

  putPart(bucket: Bucket, key: string, uploadId: string, number: number, body: Stored): UploadedPart {
    // Looked up only now: the upload may have been aborted or completed while the body came in.
    const upload = this.upload(bucket, key, uploadId);
    const { algorithm } = upload;
    // Without an algorithm at creation, parts may bring any: the SDK's own default does so.
    if (algorithm !== undefined && algorithm !== body.checksum?.algorithm) {
      const types = `expected checksum Type: ${algorithm}, actual: ${body.checksum?.algorithm ?? "null"}`;
      throw s3Error("InvalidRequest", `Checksum Type mismatch occurred, ${types}`);
    }
    const replaced = upload.parts.get(number);
    const part = { ...body, number, lastModified: new Date() };
    upload.parts.set(number, part);
    if (replaced) removeFiles([replaced]);
    return part;
  }

  /**
   * Repeated for a completed upload, this answers as the first time (S3 does; its documentation doesn't say so).
   * Whether S3 then holds the condition against the object that the first time made is documented nowhere. The
   * less comfortable answer is given, so that callers have to be ready for it: If-None-Match fails with 412.
   */
  complete(
    bucket: Bucket,
    key: string,
    uploadId: string,
    listed: readonly ListedPart[],
    condition: WriteCondition,
    claims: { readonly size: number | undefined; readonly checksum: string | undefined },
  ): ObjectVersion {
    const before = bucket.completed.get(uploadId);
    if (before?.key === key) {
      requireCondition(bucket, key, condition);
      return before;
    }
    const upload = this.upload(bucket, key, uploadId);
    const parts = partsOf(upload, listed);
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const { algorithm } = upload;
    const partChecksums = parts.flatMap((part) => part.checksum ?? []);
    const checksum = algorithm && compositeChecksum(algorithm, partChecksums);
    if (claims.size !== undefined && claims.size !== size) {
      throw s3Error("InvalidRequest", "x-amz-mp-object-size does not match the parts.");
    }
    if (claims.checksum !== undefined && claims.checksum !== checksum?.value) throw s3Error("BadDigest");
    requireCondition(bucket, key, condition);
    const version: ObjectVersion = {
      deleteMarker: false,
      key,
      versionId: newVersionId(bucket),
      etag: `${compositeMd5(parts)}-${parts.length}`,
      size,
      // Amazon S3 User Guide, "Working with object metadata": a multipart object dates from its initiation.
      lastModified: upload.initiated,
      headers: upload.headers,
      ...(checksum && { checksum: { ...checksum, type: "COMPOSITE" } }),
      content: { files: parts, readers: 0, discarded: false },
    };
    bucket.uploads.delete(uploadId);
    bucket.completed.set(uploadId, version);
    removeFiles([...upload.parts.values()].filter((part) => !parts.includes(part)));
    return this.#add(bucket, version);
  }

  abort(bucket: Bucket, key: string, uploadId: string): void {
    const upload = this.upload(bucket, key, uploadId);
    bucket.uploads.delete(uploadId);
    removeFiles([...upload.parts.values()]);
  }

  /** The bytes `first` to `last` (inclusive). They stay readable even if the object is replaced meanwhile. */
  read({ content }: ObjectVersion, first: number, last: number): Readable {
    content.readers++;
    const bytes = Readable.from(readFiles(content, first, last), { objectMode: false });
    return bytes.once("close", () => {
      content.readers--;
      release(content);
    });
  }

  #add<V extends Version>(bucket: Bucket, version: V): V {
    const versions = bucket.objects.get(version.key) ?? [];
    const replaced = versions.find((one) => one.versionId === version.versionId);
    if (replaced) this.#drop(bucket, replaced);
    bucket.objects.set(version.key, [version, ...versions.filter((one) => one !== replaced)]);
    return version;
  }

  #drop(bucket: Bucket, version: Version): void {
    const left = bucket.objects.get(version.key)?.filter((one) => one !== version) ?? [];
    if (left.length > 0) bucket.objects.set(version.key, left);
    else bucket.objects.delete(version.key);
    if (version.deleteMarker) return;
    version.content.discarded = true;
    release(version.content);
  }
}

/** The stored parts that a completion lists, which must be the stored ones, in order and big enough. */
function partsOf(upload: MultipartUpload, listed: readonly ListedPart[]): UploadedPart[] {
  if (listed.length === 0) throw s3Error("MalformedXML");
  if (listed.some((part, index) => part.number <= (listed[index - 1]?.number ?? 0))) {
    throw s3Error("InvalidPartOrder");
  }
  const { algorithm } = upload;
  const parts = listed.map((claim) => {
    const part = upload.parts.get(claim.number);
    const { checksum } = part ?? {};
    const claimedChecksum = checksum && claim.checksums[checksum.algorithm];
    if (
      part?.md5 !== unquoted(claim.etag) ||
      (claimedChecksum !== undefined && claimedChecksum !== checksum?.value)
    ) {
      throw s3Error("InvalidPart");
    }
    if (algorithm !== undefined && claimedChecksum === undefined) {
      throw s3Error("InvalidRequest", `The ${algorithm} checksum is missing for part ${claim.number}.`);
    }
    return part;
  });
  if (parts.slice(0, -1).some((part) => part.size < minimumPartSize)) throw s3Error("EntityTooSmall");
  return parts;
}

/** Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes". */
function requireCondition(bucket: Bucket, key: string, condition: WriteCondition): void {
  const { ifNoneMatch, ifMatch, deletionsSeen } = condition;
  const newest = bucket.objects.get(key)?.[0];
  const current = newest?.deleteMarker === false ? newest : undefined;
  if (ifMatch !== undefined && current === undefined) throw s3Error("NoSuchKey");
  if ((ifNoneMatch && current) || (ifMatch !== undefined && unquoted(ifMatch) !== current?.etag)) {
    throw s3Error("PreconditionFailed");
  }
  if (ifNoneMatch && (bucket.deletions.get(key) ?? 0) !== deletionsSeen) {
    throw s3Error("ConditionalRequestConflict");
  }
}

/** The ETag of a multipart object is the MD5 of its parts' MD5s (and their number). */
function compositeMd5(parts: readonly UploadedPart[]): string {
  return createHash("md5")
    .update(parts.map((part) => part.md5).join(""), "hex")
    .digest("hex");
}

async function* readFiles({ files }: Content, first: number, last: number): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { file, size } of files) {
    const start = Math.max(first - offset, 0);
    const end = Math.min(last - offset, size - 1);
    if (start <= end) yield* createReadStream(file, { start, end }) as AsyncIterable<Buffer>;
    offset += size;
  }
}

function release(content: Content): void {
  if (content.discarded && content.readers === 0) removeFiles(content.files);
}

/** Nobody waits for it: the state no longer knows these files, and closing removes the whole directory. */
function removeFiles(files: readonly { readonly file: string }[]): void {
  for (const { file } of files) rm(file, { force: true }).catch(() => undefined);
}

function countDeletion(bucket: Bucket, key: string): void {
  bucket.deletions.set(key, (bucket.deletions.get(key) ?? 0) + 1);
}

function newVersionId(bucket: Bucket): string {
  return bucket.versioning === "Enabled" ? randomBytes(24).toString("base64url") : "null";
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}
