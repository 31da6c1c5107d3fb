/**
 * The bucket. Objects are **staged** as multipart uploads that have all their parts and can't be seen, and become
 * visible by a second step of their own: between the two lies everything that must hold before a month is
 * published. Every write is conditional on what was there before.
 */
import { Readable } from "node:stream";
import { isNativeError } from "node:util/types";

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

import type { StorageSettings } from "../../extract/settings";
import { ConflictError, ExtractError, StorageError } from "../errors";

/** One version of an object. */
export interface ObjectVersion {
  readonly etag: string;
  /** Null in a bucket that keeps no versions. */
  readonly versionId: string | null;
}

/** A multipart upload that has been begun and neither completed nor aborted. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** A multipart upload that lacks nothing but its completion. */
export interface StagedObject extends OpenUpload {
  readonly parts: readonly CompletedPart[];
}

/** 10,000 parts are the limit of S3, so the largest file is 78 GiB. */
const PART_SIZE_BYTES = 8 * 1024 * 1024;
/** Two keep ahead of the rows, which come at some 30 MB/s; each costs a part's memory and a half. */
const PARTS_AT_ONCE = 2;

const CONNECT_TIMEOUT_MS = 5000;
/** For one try of a request, of which the SDK makes three: a part of 8 MiB takes a second. */
const REQUEST_TIMEOUT_MS = 60_000;
const CLEAR_UP_TIMEOUT_MS = 5000;

/** Marks every object with the run that wrote it, so a run whose answer was lost recognizes its own. */
const RUN_ID = "run-id";

export class ObjectStore {
  readonly #s3: S3Client;
  readonly #settings: StorageSettings;
  readonly #runId: string;

  /** @param signal ends every request but those that clear up. */
  constructor(s3: S3Client, settings: StorageSettings, runId: string, signal: AbortSignal) {
    this.#s3 = endingWith(signal, s3);
    this.#settings = settings;
    this.#runId = runId;
  }

  /** The object's present version, undefined if there is none. */
  async head(key: string): Promise<ObjectVersion | undefined> {
    return this.#attempt("look at", key, async () => (await this.#head(key))?.version);
  }

  /** A small object's text with its version, undefined if there is none. */
  async read(key: string): Promise<{ readonly text: string; readonly version: ObjectVersion } | undefined> {
    return this.#attempt("read", key, async () => {
      try {
        const { Body, ...object } = await this.#s3.send(new GetObjectCommand(this.#at(key)));
        return { text: (await Body?.transformToString()) ?? "", version: toVersion(object) };
      } catch (error) {
        if (isNamed(error, "NoSuchKey")) return undefined;
        throw error;
      }
    });
  }

  /**
   * The bytes of one version of an object, of any size; undefined if it does not exist. A null version is the
   * present one.
   */
  async open(key: string, versionId: string | null): Promise<AsyncIterable<Buffer> | undefined> {
    return this.#attempt("read", key, async () => {
      try {
        const version = versionId === null ? {} : { VersionId: versionId };
        const { Body } = await this.#s3.send(new GetObjectCommand({ ...this.#at(key), ...version }));
        return this.#reading(key, Body as Readable);
      } catch (error) {
        if (isNamed(error, "NoSuchKey", "NoSuchVersion")) return undefined;
        throw error;
      }
    });
  }

  /**
   * Uploads a body of any length, of which it holds a few parts at a time, and keeps nothing but their list.
   * If the body or the upload fails, the upload is aborted before this rejects.
   *
   * @throws ConflictError if another run dropped the upload, StorageError, or the body's own error.
   */
  async stage(key: string, body: AsyncIterable<Buffer>): Promise<StagedObject> {
    const target = { ...this.#at(key), ...this.#attributes(), ContentType: "text/csv; charset=utf-8" };
    return this.#attempt("upload", key, async () => {
      try {
        return await stageUpload(this.#s3, target, Readable.from(body, { objectMode: false }));
      } catch (error) {
        // A run drops the uploads that it finds; this one's own was there to be found.
        if (isNamed(error, "NoSuchUpload")) throw this.#conflict("dropped the upload of", key, error);
        throw error;
      }
    });
  }

  /**
   * Makes a staged object visible, all of it at once, if the key still holds the version `replaces` (undefined:
   * still holds nothing).
   *
   * @throws ConflictError if another run wrote the key in the meantime or dropped the upload.
   */
  async complete(staged: StagedObject, replaces: ObjectVersion | undefined): Promise<ObjectVersion> {
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

  /** Writes a small JSON object under the same condition as {@link complete}. */
  async putJson(key: string, text: string, replaces: ObjectVersion | undefined): Promise<ObjectVersion> {
    return this.#write(key, replaces, (condition) =>
      this.#s3.send(
        new PutObjectCommand({
          ...this.#at(key),
          ...this.#attributes(),
          ...condition,
          ContentType: "application/json",
          Body: text,
        }),
      ),
    );
  }

  /** The open uploads of these keys, whoever began them. */
  async openUploads(keys: readonly string[]): Promise<OpenUpload[]> {
    const { bucket, prefix } = this.#settings;
    const wanted = new Set(keys);
    return this.#attempt("list the open uploads below", prefix, async () => {
      const open: OpenUpload[] = [];
      let after: { KeyMarker: string | undefined; UploadIdMarker: string | undefined } | undefined;
      do {
        const page: ListMultipartUploadsCommandOutput = await this.#s3.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after }),
        );
        for (const { Key: key, UploadId: uploadId } of page.Uploads ?? []) {
          if (key !== undefined && uploadId !== undefined && wanted.has(key)) open.push({ key, uploadId });
        }
        after =
          page.IsTruncated === true
            ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
            : undefined;
      } while (after !== undefined);
      return open;
    });
  }

  /** Drops an upload and its parts; one that is gone already is no error. */
  async abort({ key, uploadId }: OpenUpload): Promise<void> {
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

  /** Source of the refusals: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes". */
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
        // The SDK repeats a request whose answer was lost; if the first one was carried out, the second is refused.
        const present = await this.#head(key);
        if (present?.runId === this.#runId) return present.version;
        throw this.#conflict("wrote", key, error);
      }
    });
  }

  #conflict(did: string, key: string, cause: unknown): ConflictError {
    return new ConflictError(`another run ${did} s3://${this.#settings.bucket}/${key} in the meantime`, {
      hint: "Let the other run end, then run the month again: it continues from what is there.",
      cause,
    });
  }

  async *#reading(key: string, body: Readable): AsyncGenerator<Buffer> {
    try {
      yield* body as AsyncIterable<Buffer>;
    } catch (error) {
      throw storageError(error, "read", this.#settings.bucket, key);
    }
  }

  async #attempt<Result>(doing: string, key: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw storageError(error, doing, this.#settings.bucket, key);
    }
  }
}

/** Opens a bucket by a client of its own, which gives up on an S3 that does not answer. */
export function openObjectStore(settings: StorageSettings, runId: string, signal: AbortSignal): ObjectStore {
  const s3 = new S3Client({
    forcePathStyle: settings.forcePathStyle,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return new ObjectStore(s3, settings, runId, signal);
}

/** The client whose requests end with the signal, but for those that clear up, which have a time of their own. */
function endingWith(signal: AbortSignal, s3: S3Client): S3Client {
  const send = (command: Parameters<S3Client["send"]>[0]): Promise<unknown> => {
    const clearsUp = command instanceof AbortMultipartUploadCommand;
    return s3.send(command, { abortSignal: clearsUp ? AbortSignal.timeout(CLEAR_UP_TIMEOUT_MS) : signal });
  };
  return Object.create(s3, { send: { value: send } }) as S3Client;
}

type UploadTarget = CreateMultipartUploadCommandInput & { readonly Bucket: string; readonly Key: string };

/**
 * Runs lib-storage's upload behind a client that sends everything but the last step and keeps that. What
 * lib-storage would put in one request, a file of less than a part, becomes an upload of one part: so it can't
 * be seen either, and waits in the bucket instead of in memory.
 */
async function stageUpload(s3: S3Client, target: UploadTarget, body: Readable): Promise<StagedObject> {
  let staged: StagedObject | undefined;
  const send = async (command: unknown): Promise<unknown> => {
    if (command instanceof CompleteMultipartUploadCommand) {
      const { UploadId: uploadId, MultipartUpload: upload } = command.input;
      staged = { key: target.Key, uploadId: uploadId ?? "", parts: upload?.Parts ?? [] };
      return {};
    }
    if (command instanceof PutObjectCommand) {
      staged = await stageSinglePart(s3, target, command.input.Body as Buffer);
      return {};
    }
    if (command instanceof AbortMultipartUploadCommand) return abortQuietly(s3, command);
    return s3.send(command as Parameters<S3Client["send"]>[0]);
  };
  const client = Object.create(s3, { send: { value: send } }) as S3Client;

  const params = { ...target, Body: body };
  await new Upload({ client, params, partSize: PART_SIZE_BYTES, queueSize: PARTS_AT_ONCE }).done();
  if (staged === undefined) throw new Error("the upload ended without its last step");
  return staged;
}

async function stageSinglePart(s3: S3Client, target: UploadTarget, body: Buffer): Promise<StagedObject> {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: "CRC32" }),
  );
  const upload = { Bucket: target.Bucket, Key: target.Key, UploadId };
  try {
    const { ETag, ChecksumCRC32 } = await s3.send(
      new UploadPartCommand({ ...upload, PartNumber: 1, Body: body, ChecksumAlgorithm: "CRC32" }),
    );
    return { key: target.Key, uploadId: UploadId ?? "", parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] };
  } catch (error) {
    await abortQuietly(s3, new AbortMultipartUploadCommand(upload));
    throw error;
  }
}

/** Clears up behind a failure, which must be told whether this succeeds or not; the next run clears up again. */
async function abortQuietly(s3: S3Client, command: AbortMultipartUploadCommand): Promise<void> {
  await s3.send(command).catch(() => undefined);
}

interface VersionHeaders {
  ETag?: string | undefined;
  VersionId?: string | undefined;
}

function toVersion({ ETag, VersionId }: VersionHeaders): ObjectVersion {
  return { etag: ETag ?? "", versionId: VersionId ?? null };
}

function isNamed(error: unknown, ...names: string[]): boolean {
  return isNativeError(error) && names.includes(error.name);
}

/** Source of the names: Amazon S3 API Reference, "Error responses". */
function storageError(error: unknown, doing: string, bucket: string, key: string): unknown {
  if (error instanceof ExtractError || !isNativeError(error)) return error;
  const status =
    "$metadata" in error ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode : undefined;
  // The answer to a HEAD request has no body that could say more than the status.
  const why = status === undefined ? error.message : `${error.message} (HTTP ${status})`;
  return new StorageError(`S3 did not ${doing} s3://${bucket}/${key}: ${error.name}: ${why}`, {
    retry: status === undefined || status === 429 || status >= 500,
    hint: storageHint(error.name, status, bucket),
    cause: error,
  });
}

function storageHint(name: string, status: number | undefined, bucket: string): string {
  if (name === "NoSuchBucket")
    return `Check EXTRACT_BUCKET: there is no bucket ${bucket} in this account and region.`;
  if (status === 301) return `Check AWS_REGION: the bucket ${bucket} is in another region.`;
  if (status === 403) return `Check that the role may use the bucket ${bucket} and its KMS key.`;
  if (status === undefined) return "Check the network path to S3 (VPC endpoint), then run the month again.";
  if (status === 429 || status >= 500) return "Run the month again in a few minutes.";
  return "The cause is above. A retry won't cure it.";
}
