/**
 * The versions of a bucket's objects: found, copied into the bucket from any other, listed, and removed for good. What is
 * written here never replaces anything.
 */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";

import { ConflictError } from "../errors";
import type { BucketSettings } from "../settings";
import { boundedClient } from "./bounded-client";
import { interruption, isNamed, storageError } from "./errors";
import { versionOrNull } from "./version-id";

/** Where a version of an object is. */
export interface VersionAddress {
  readonly bucket: string;
  readonly key: string;
  /** Null for an object that was written while its bucket had no versioning. */
  readonly versionId: string | null;
}

export interface FoundVersion extends VersionAddress {
  readonly byteCount: number;
  readonly writtenAt: Date;
}

/** An object that a key holds now. */
export interface ListedObject {
  readonly key: string;
  readonly writtenAt: Date;
}

/** Metadata of a copy: what it is a copy of, so a repeated copy recognises its own. */
const COPY_OF = "copy-of";

/** The most that S3 copies in one request. Source: Amazon S3 API Reference, "CopyObject". */
export const LARGEST_COPY_BYTES = 5 * 1024 ** 3;

export class ObjectVersions {
  readonly #s3: S3Client;
  readonly #settings: BucketSettings;
  readonly #signal: AbortSignal;

  /** @param signal ends every request. */
  constructor(s3: S3Client, settings: BucketSettings, signal: AbortSignal) {
    this.#s3 = boundedClient(s3, signal);
    this.#settings = settings;
    this.#signal = signal;
  }

  get bucket(): string {
    return this.#settings.bucket;
  }

  /**
   * A version of an object, undefined if it doesn't exist.
   *
   * @param versionId null for the version that the key holds now.
   */
  async find(key: string, versionId: string | null): Promise<FoundVersion | undefined> {
    return this.#attempt("look at", key, async () => (await this.#head(key, versionId))?.version);
  }

  /**
   * Copies a version of at most {@link LARGEST_COPY_BYTES} to a key that holds nothing yet. Repeated, it copies nothing
   * and returns the copy that is there.
   *
   * @param mark identifies the content, in ASCII: every copy with this mark has the same bytes.
   * @param mediaType of the copy, whatever the source says of itself.
   * @returns undefined if the source doesn't exist.
   * @throws ConflictError if the key holds anything else than a copy with this mark.
   */
  async copyHere(
    source: VersionAddress,
    key: string,
    mark: string,
    mediaType = "application/octet-stream",
  ): Promise<FoundVersion | undefined> {
    return this.#attempt("copy an object to", key, async () => {
      const before = await this.#head(key, null);
      if (before === undefined) {
        try {
          await this.#copy(source, key, mark, mediaType);
        } catch (error) {
          if (isNamed(error, "NoSuchKey", "NoSuchVersion")) return undefined;
          // Another attempt at the same copy was faster, or this one's answer was lost and the SDK has repeated it.
          if (!isNamed(error, "PreconditionFailed", "ConditionalRequestConflict")) throw error;
        }
      }
      const copy = before ?? (await this.#head(key, null));
      if (copy?.mark === mark) return copy.version;
      throw new ConflictError(`s3://${this.bucket}/${key} is not a copy of what it should be`, {
        hint: "Find out who writes to this bucket beside the program.",
      });
    });
  }

  /** Removes one version for good; one that no longer exists is no error. */
  async removeVersion(key: string, versionId: string): Promise<void> {
    await this.#attempt("remove a version of", key, () =>
      this.#s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key, VersionId: versionId })),
    );
  }

  /** The keys below a prefix that hold an object now, in the order of their bytes. */
  async *list(prefix: string, pageSize = 1000): AsyncGenerator<string> {
    for await (const { key } of this.listObjects(prefix, { pageSize })) yield key;
  }

  /** The same, with the time at which each was written. @param after begins behind this key. */
  async *listObjects(
    prefix: string,
    { after, pageSize = 1000 }: { readonly after?: string; readonly pageSize?: number } = {},
  ): AsyncGenerator<ListedObject> {
    for await (const { Contents = [] } of this.#pages({
      Prefix: prefix,
      StartAfter: after,
      MaxKeys: pageSize,
    })) {
      for (const { Key: key, LastModified: writtenAt = new Date(0) } of Contents) {
        if (key !== undefined) yield { key, writtenAt };
      }
    }
  }

  /** The names of the folders directly below a folder: `a` for `raw/a/b`. @param folder with a slash at its end. */
  async folders(folder: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { CommonPrefixes = [] } of this.#pages({ Prefix: folder, Delimiter: "/" })) {
      for (const { Prefix: prefix = "" } of CommonPrefixes) names.push(prefix.slice(folder.length, -1));
    }
    return names;
  }

  async *#pages(
    listing: Omit<ListObjectsV2CommandInput, "Bucket"> & { readonly Prefix: string },
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    let next: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await this.#attempt(
        "list the objects of",
        listing.Prefix,
        () =>
          this.#s3.send(
            new ListObjectsV2Command({ ...listing, Bucket: this.bucket, ContinuationToken: next }),
          ),
      );
      yield page;
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (next !== undefined);
  }

  async #copy(
    { bucket, key, versionId }: VersionAddress,
    to: string,
    mark: string,
    mediaType: string,
  ): Promise<void> {
    const version = versionId === null ? "" : `?versionId=${encodeURIComponent(versionId)}`;
    const { kmsKeyId } = this.#settings;
    await this.#s3.send(
      new CopyObjectCommand({
        Bucket: this.bucket,
        Key: to,
        CopySource: `${bucket}/${encodeURIComponent(key)}${version}`,
        IfNoneMatch: "*",
        MetadataDirective: "REPLACE",
        ContentType: mediaType,
        Metadata: { [COPY_OF]: mark },
        ...(kmsKeyId !== undefined && {
          ServerSideEncryption: "aws:kms",
          SSEKMSKeyId: kmsKeyId,
          BucketKeyEnabled: true,
        }),
      }),
    );
  }

  async #head(
    key: string,
    versionId: string | null,
  ): Promise<{ version: FoundVersion; mark: string | undefined } | undefined> {
    try {
      const object = await this.#s3.send(
        new HeadObjectCommand({ Bucket: this.bucket, Key: key, VersionId: versionId ?? undefined }),
      );
      const version = {
        bucket: this.bucket,
        key,
        versionId: versionOrNull(object.VersionId),
        byteCount: object.ContentLength ?? 0,
        writtenAt: object.LastModified ?? new Date(0),
      };
      return { version, mark: object.Metadata?.[COPY_OF] };
    } catch (error) {
      if (isNamed(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #attempt<Result>(doing: string, key: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      // Any failure after the signal is a consequence of it.
      if (this.#signal.aborted) throw interruption(this.#signal.reason, doing, this.bucket, key);
      throw storageError(error, doing, this.bucket, key);
    }
  }
}
