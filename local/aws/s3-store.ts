// The operations on the state of the local S3. Metadata is in memory and bodies are files; a multipart object stays a
// list of its parts' files, so no object is ever held in memory or copied as a whole. Every change of state is one
// synchronous step, which makes conditional writes atomic.
import { randomBytes, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Call } from "./exchange";
import { describe, receive, type ChecksumAlgorithm, type Received } from "./payload";
import { assemble, type Claims, type ListedPart } from "./s3-assembly";
import { contentOf, discard, read, removeFiles, type Stored } from "./s3-content";
import { s3Error } from "./s3-errors";
import {
  type Bucket,
  countDeletion,
  type MultipartUpload,
  newVersionId,
  type ObjectHeaders,
  type ObjectVersion,
  requireCondition,
  type UploadedPart,
  type Version,
  type WriteCondition,
} from "./s3-state";

/** An object that became visible. */
export interface CreatedObject {
  readonly bucket: string;
  readonly version: ObjectVersion;
  /** The AWS API name of the operation. */
  readonly reason: "PutObject" | "CopyObject" | "CompleteMultipartUpload";
}

export class S3Store {
  readonly #directory: string;
  readonly #buckets = new Map<string, Bucket>();
  readonly #onCreated: (created: CreatedObject) => void;
  #uploadCount = 0;

  /** @param onCreated is called after each object is created, by a request or a copy. */
  constructor(directory: string, onCreated: (created: CreatedObject) => void = () => undefined) {
    this.#directory = directory;
    this.#onCreated = onCreated;
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

  /** The version with this id, by default the current one. */
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

  /** Writes the body of a request to disk and passes it to `use`; deletes the file if that fails. */
  store<T>(call: Call, use: (body: Stored) => T): Promise<T> {
    return this.#keep((file) => receive(call, (bytes) => pipeline(bytes, createWriteStream(file))), use);
  }

  /** Writes the bytes of an object to disk and passes them to `use` as {@link store} does; the checksum has its algorithm. */
  copy<T>({ content, size, checksum }: ObjectVersion, use: (body: Stored) => T): Promise<T> {
    const bytes = read(content, 0, size - 1);
    return this.#keep(
      (file) =>
        describe(bytes, checksum?.algorithm, (described) => pipeline(described, createWriteStream(file))),
      use,
    );
  }

  async #keep<T>(write: (file: string) => Promise<Received>, use: (body: Stored) => T): Promise<T> {
    const file = join(this.#directory, randomUUID());
    try {
      return use({ ...(await write(file)), file });
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
    reason: CreatedObject["reason"] = "PutObject",
  ): ObjectVersion {
    requireCondition(bucket, key, condition);
    return this.#create(bucket, reason, {
      deleteMarker: false,
      key,
      versionId: newVersionId(bucket),
      etag: body.md5,
      size: body.size,
      lastModified: new Date(),
      headers,
      ...(body.checksum && { checksum: { ...body.checksum, type: "FULL_OBJECT" } }),
      content: contentOf([body]),
    });
  }

  /** Deletes a version permanently; in a versioned bucket and without a version id, adds a delete marker. */
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
    // S3 lists the uploads of a key by time, though its ids have no order. Here, the ids sort by time.
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
    // Looked up only now: the upload may have been aborted or completed while the body was received.
    const upload = this.upload(bucket, key, uploadId);
    const { algorithm } = upload;
    // If the upload was created without an algorithm, parts may use any, as the SDK does by default.
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
   * Repeated for a completed upload, this returns the same result again (S3 does so too, but doesn't document it).
   * It is not documented whether S3 then checks the condition against the object that the first completion made.
   * Here it does, so that callers must handle the harder case: If-None-Match fails with 412.
   */
  complete(
    bucket: Bucket,
    key: string,
    uploadId: string,
    listed: readonly ListedPart[],
    condition: WriteCondition,
    claims: Claims,
  ): ObjectVersion {
    const before = bucket.completed.get(uploadId);
    if (before?.key === key) {
      requireCondition(bucket, key, condition);
      return before;
    }
    const upload = this.upload(bucket, key, uploadId);
    const { parts, size, etag, checksum } = assemble(upload, listed, claims);
    requireCondition(bucket, key, condition);
    const version: ObjectVersion = {
      deleteMarker: false,
      key,
      versionId: newVersionId(bucket),
      etag,
      size,
      // Amazon S3 User Guide, "Working with object metadata": the date is that of the initiation.
      lastModified: upload.initiated,
      headers: upload.headers,
      ...(checksum && { checksum: { ...checksum, type: "COMPOSITE" } }),
      content: contentOf(parts),
    };
    bucket.uploads.delete(uploadId);
    bucket.completed.set(uploadId, version);
    removeFiles([...upload.parts.values()].filter((part) => !parts.includes(part)));
    return this.#create(bucket, "CompleteMultipartUpload", version);
  }

  abort(bucket: Bucket, key: string, uploadId: string): void {
    const upload = this.upload(bucket, key, uploadId);
    bucket.uploads.delete(uploadId);
    removeFiles([...upload.parts.values()]);
  }

  #create(bucket: Bucket, reason: CreatedObject["reason"], version: ObjectVersion): ObjectVersion {
    this.#add(bucket, version);
    this.#onCreated({ bucket: bucket.name, version, reason });
    return version;
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
    if (!version.deleteMarker) discard(version.content);
  }
}
