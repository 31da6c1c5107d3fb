/**
 * The bucket. Objects are staged first and completed later (`staged-upload.ts`); every write depends on what the key
 * held before.
 */
import { Readable } from "node:stream";

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

import { ConflictError } from "../errors";
import type { BucketSettings } from "../settings";
import { boundedClient } from "./bounded-client";
import { deletion, interruption, isDeleted, isNamed, storageError } from "./errors";
import { type HeldObject, isHeld, type OpenUpload, type StagedObject, stageUpload } from "./staged-upload";
import { versionOrNull } from "./version-id";

/** One version of an object. */
export interface ObjectVersion {
  readonly etag: string;
  /** Null if the object was written while the bucket had no versioning. */
  readonly versionId: string | null;
}

/** Metadata of every object: the run that wrote it, so a run whose answer was lost recognises its own write. */
const RUN_ID = "run-id";

const CSV = "text/csv; charset=utf-8";

/** How many bytes of staged objects may wait in memory: as many as two parts of an upload. The others wait in the bucket. */
const HELD_BYTES = 16 * 1024 * 1024;

export class ObjectStore {
  readonly #s3: S3Client;
  readonly #settings: BucketSettings;
  readonly #runId: string;
  readonly #signal: AbortSignal;
  #bytesToHold: number;

  /** @param signal ends every request; aborting uploads has a time limit of its own. */
  constructor(s3: S3Client, settings: BucketSettings, runId: string, signal: AbortSignal) {
    this.#s3 = boundedClient(s3, signal);
    this.#settings = settings;
    this.#runId = runId;
    this.#signal = signal;
    this.#bytesToHold = settings.heldBytes ?? HELD_BYTES;
  }

  /** The version that the key holds now, undefined if it holds none. */
  async head(key: string): Promise<ObjectVersion | undefined> {
    return this.#attempt("look at", key, async () => (await this.#head(key))?.version);
  }

  /**
   * The text of a small object and its version, undefined if the key holds none.
   *
   * @param isEverDeleted false if the program never deletes it: then one that somebody has deleted is an error.
   */
  async read(
    key: string,
    { isEverDeleted = true } = {},
  ): Promise<{ readonly text: string; readonly version: ObjectVersion } | undefined> {
    return this.#attempt("read", key, async () => {
      try {
        const { Body, ...object } = await this.#s3.send(new GetObjectCommand(this.#at(key)));
        return { text: (await Body?.transformToString()) ?? "", version: toVersion(object) };
      } catch (error) {
        if (!isNamed(error, "NoSuchKey")) throw error;
        if (!isEverDeleted && isDeleted(error)) throw deletion(this.#settings.bucket, key, error);
        return undefined;
      }
    });
  }

  /**
   * The bytes of one version of an object of any size, undefined if it doesn't exist.
   *
   * @param versionId null for the version that the key holds now.
   */
  async open(key: string, versionId: string | null): Promise<AsyncIterable<Buffer> | undefined> {
    return this.#attempt("read", key, async () => {
      try {
        const VersionId = versionId ?? undefined;
        const { Body } = await this.#s3.send(new GetObjectCommand({ ...this.#at(key), VersionId }));
        return this.#reading(key, Body as Readable);
      } catch (error) {
        if (isNamed(error, "NoSuchKey", "NoSuchVersion")) return undefined;
        throw error;
      }
    });
  }

  /**
   * Some bytes of one version of an object, undefined if it doesn't exist.
   *
   * @param end the byte behind the last one.
   */
  async readRange(
    key: string,
    versionId: string | null,
    first: number,
    end: number,
  ): Promise<Uint8Array | undefined> {
    return this.#attempt("read", key, async () => {
      try {
        const [VersionId, Range] = [versionId ?? undefined, `bytes=${first}-${end - 1}`];
        const { Body } = await this.#s3.send(new GetObjectCommand({ ...this.#at(key), VersionId, Range }));
        return await Body?.transformToByteArray();
      } catch (error) {
        if (isNamed(error, "NoSuchKey", "NoSuchVersion")) return undefined;
        throw error;
      }
    });
  }

  /**
   * Stages a body of any length: a small one is held in memory, within bounds; of others, a few parts are in memory at a
   * time. If the body or the upload fails, the upload is aborted before this rejects.
   *
   * @throws ConflictError if another run aborted the upload, StorageError, or the body's own error.
   */
  async stage(key: string, body: AsyncIterable<Buffer>, mediaType = CSV): Promise<StagedObject> {
    const target = { ...this.#at(key), ...this.#attributes(), ContentType: mediaType };
    const source = new Source(body);
    try {
      return await this.#attempt("upload", key, async () => {
        try {
          const readable = Readable.from(source, { objectMode: false });
          return await stageUpload(this.#s3, target, readable, (byteCount) => this.#hold(byteCount));
        } catch (error) {
          // A run aborts the open uploads that it finds, and another run has found this one.
          if (isNamed(error, "NoSuchUpload")) throw this.#conflict("aborted the upload of", key, error);
          throw error;
        }
      });
    } catch (error) {
      throw source.hasFailed ? source.error : error;
    }
  }

  /**
   * Makes a staged object visible in one step, if the key still holds the version `replaces`, or still holds nothing
   * if that is undefined.
   *
   * @throws ConflictError if another run has written the key or aborted the upload in the meantime.
   */
  async complete(staged: StagedObject, replaces: ObjectVersion | undefined): Promise<ObjectVersion> {
    if (isHeld(staged)) {
      const version = await this.put(staged.key, staged.body, staged.mediaType, replaces);
      this.#release(staged);
      return version;
    }
    return this.#write(staged.key, replaces, (condition) =>
      this.#s3.send(
        new CompleteMultipartUploadCommand({
          ...this.#at(staged.key),
          ...condition,
          UploadId: staged.uploadId,
          MultipartUpload: { Parts: [...staged.parts] },
        }),
      ),
    );
  }

  /** Writes a small JSON object on the same condition as {@link complete}. */
  async putJson(key: string, text: string, replaces: ObjectVersion | undefined): Promise<ObjectVersion> {
    return this.put(key, text, "application/json", replaces);
  }

  /** Writes a small object on the same condition as {@link complete}. */
  async put(
    key: string,
    body: Buffer | string,
    mediaType: string,
    replaces: ObjectVersion | undefined,
  ): Promise<ObjectVersion> {
    return this.#write(key, replaces, (condition) =>
      this.#s3.send(
        new PutObjectCommand({
          ...this.#at(key),
          ...this.#attributes(),
          ...condition,
          ContentType: mediaType,
          Body: body,
        }),
      ),
    );
  }

  #hold(byteCount: number): boolean {
    if (byteCount > this.#bytesToHold) return false;
    this.#bytesToHold -= byteCount;
    return true;
  }

  #release({ body }: HeldObject): void {
    this.#bytesToHold += body.byteLength;
  }

  /**
   * Puts a delete marker over a version, which stays readable by its id.
   *
   * @throws ConflictError if the key holds another version by now.
   */
  async remove(key: string, version: ObjectVersion): Promise<void> {
    await this.#attempt("remove", key, async () => {
      try {
        await this.#s3.send(new DeleteObjectCommand({ ...this.#at(key), IfMatch: version.etag }));
      } catch (error) {
        if (isNamed(error, "NoSuchKey", "NotFound")) return;
        if (isNamed(error, "PreconditionFailed", "ConditionalRequestConflict")) {
          throw this.#conflict("wrote", key, error);
        }
        throw error;
      }
    });
  }

  /** The open uploads below a prefix whose keys are wanted, whichever run began them. */
  async openUploads(prefix: string, isWanted: (key: string) => boolean): Promise<OpenUpload[]> {
    const { bucket } = this.#settings;
    return this.#attempt("list the open uploads of", prefix, async () => {
      const open: OpenUpload[] = [];
      let after: { KeyMarker: string | undefined; UploadIdMarker: string | undefined } | undefined;
      do {
        const page: ListMultipartUploadsCommandOutput = await this.#s3.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }),
        );
        for (const { Key: key, UploadId: uploadId } of page.Uploads ?? []) {
          if (key !== undefined && uploadId !== undefined && isWanted(key)) open.push({ key, uploadId });
        }
        after =
          page.IsTruncated === true
            ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
            : undefined;
      } while (after !== undefined);
      return open;
    });
  }

  /** Removes an upload and its parts, or drops a held object; an upload that no longer exists is no error. */
  async abort(staged: OpenUpload | HeldObject): Promise<void> {
    if (isHeld(staged)) {
      this.#release(staged);
      return;
    }
    const { key, uploadId } = staged;
    await this.#attempt("abort an upload of", key, async () => {
      try {
        await this.#s3.send(new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: uploadId }));
      } catch (error) {
        if (!isNamed(error, "NoSuchUpload")) throw error;
      }
    });
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: key };
  }

  #attributes(): Pick<
    CreateMultipartUploadCommandInput,
    "Metadata" | "ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled"
  > {
    return {
      Metadata: { [RUN_ID]: this.#runId },
      ...(this.#settings.kmsKeyId !== undefined && {
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: this.#settings.kmsKeyId,
        BucketKeyEnabled: true,
      }),
    };
  }

  async #head(key: string): Promise<{ version: ObjectVersion; runId: string | undefined } | undefined> {
    try {
      const object = await this.#s3.send(new HeadObjectCommand(this.#at(key)));
      return { version: toVersion(object), runId: object.Metadata?.[RUN_ID] };
    } catch (error) {
      if (isNamed(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** Source of the errors: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes". */
  async #write(
    key: string,
    replaces: ObjectVersion | undefined,
    send: (condition: { IfMatch: string } | { IfNoneMatch: "*" }) => Promise<VersionHeaders>,
  ): Promise<ObjectVersion> {
    return this.#attempt("write", key, async () => {
      try {
        return toVersion(
          await send(replaces === undefined ? { IfNoneMatch: "*" } : { IfMatch: replaces.etag }),
        );
      } catch (error) {
        const refused =
          isNamed(error, "PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload") ||
          (isNamed(error, "NoSuchKey") && replaces !== undefined);
        if (!refused) throw error;
        // The SDK repeats a request whose answer was lost. If the first one was carried out, the second is refused.
        const present = await this.#head(key);
        if (present?.runId === this.#runId) return present.version;
        throw this.#conflict("wrote", key, error);
      }
    });
  }

  #conflict(did: string, key: string, cause: unknown): ConflictError {
    return new ConflictError(`another run ${did} s3://${this.#settings.bucket}/${key} in the meantime`, {
      hint: "Wait until the other run has ended; the next one continues from what is published.",
      cause,
    });
  }

  async *#reading(key: string, body: Readable): AsyncGenerator<Buffer> {
    try {
      yield* body as AsyncIterable<Buffer>;
    } catch (error) {
      throw this.#explain(error, "read", key);
    }
  }

  async #attempt<Result>(doing: string, key: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw this.#explain(error, doing, key);
    }
  }

  /** Any failure after the signal is a consequence of it. */
  #explain(error: unknown, action: string, key: string): unknown {
    const { bucket } = this.#settings;
    if (this.#signal.aborted) return interruption(this.#signal.reason, action, bucket, key);
    return storageError(error, action, bucket, key);
  }
}

/** A body that remembers its own error: what fails in it is not a failure of S3. */
class Source implements AsyncIterable<Buffer> {
  hasFailed = false;
  error: unknown;

  constructor(private readonly body: AsyncIterable<Buffer>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      yield* this.body;
    } catch (error) {
      [this.hasFailed, this.error] = [true, error];
      throw error;
    }
  }
}

interface VersionHeaders {
  ETag?: string | undefined;
  VersionId?: string | undefined;
}

function toVersion({ ETag, VersionId }: VersionHeaders): ObjectVersion {
  return { etag: ETag ?? "", versionId: versionOrNull(VersionId) };
}
