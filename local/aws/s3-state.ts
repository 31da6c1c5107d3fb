// The state of the local S3: buckets, the versions of their objects, and their open multipart uploads.
import { randomBytes } from "node:crypto";
import { type Checksum, type ChecksumAlgorithm } from "./payload";
import { type Content, type Stored } from "./s3-content";
import { s3Error } from "./s3-errors";

export interface Bucket {
  readonly name: string;
  versioning?: "Enabled" | "Suspended";
  /** By key, newest version first; never an empty list. */
  readonly objects: Map<string, Version[]>;
  readonly uploads: Map<string, MultipartUpload>;
  /** Completed uploads by id, for repeated completions. */
  readonly completed: Map<string, ObjectVersion>;
  /** How often the object of each key was deleted; shows a conditional write that a delete came in between. */
  readonly deletions: Map<string, number>;
}

/** Headers that are stored and returned with an object: system metadata, user metadata and encryption. */
export type ObjectHeaders = Readonly<Record<string, string>>;

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

/** The condition of a write. `deletionsSeen` is the value of `deletions` when the request arrived. */
export interface WriteCondition {
  readonly ifNoneMatch: boolean;
  readonly ifMatch: string | undefined;
  readonly deletionsSeen: number;
}

/** Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes". */
export function requireCondition(bucket: Bucket, key: string, condition: WriteCondition): void {
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

export function countDeletion(bucket: Bucket, key: string): void {
  bucket.deletions.set(key, (bucket.deletions.get(key) ?? 0) + 1);
}

export function newVersionId(bucket: Bucket): string {
  return bucket.versioning === "Enabled" ? randomBytes(24).toString("base64url") : "null";
}

export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}
