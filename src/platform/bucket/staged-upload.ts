/**
 * Staging: everything of an object is ready, and nobody can see it. Either it is a multipart upload that has all its parts
 * and is not completed, or, if it is small, its bytes wait in memory. Making it visible is a separate step of one request;
 * between the two is everything that must hold before a publication.
 */
import type { Readable } from "node:stream";

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

/** A multipart upload that was begun and neither completed nor aborted. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** A multipart upload that lacks only its completion. */
export interface StagedUpload extends OpenUpload {
  readonly parts: readonly CompletedPart[];
}

/** A small object whose bytes wait in memory, so that it needs a single request. */
export interface HeldObject {
  readonly key: string;
  readonly body: Buffer;
  readonly mediaType: string;
}

export type StagedObject = StagedUpload | HeldObject;

export function isHeld(staged: OpenUpload | HeldObject): staged is HeldObject {
  return "body" in staged;
}

export type UploadTarget = CreateMultipartUploadCommandInput & {
  readonly Bucket: string;
  readonly Key: string;
};

/** S3 allows 10,000 parts, so the largest file is 78 GiB. */
const PART_SIZE_BYTES = 8 * 1024 * 1024;
/** Two keep ahead of rows that arrive at some 30 MB/s; each costs the memory of one and a half parts. */
const PARTS_AT_ONCE = 2;

/**
 * Runs lib-storage's upload with a client that sends everything but the last step, and returns that step. lib-storage
 * would send an object of less than a part as one PutObject. Here such an object waits in memory, or, if `mayHold` refuses
 * its bytes, becomes an upload of one part and waits in the bucket.
 */
export async function stageUpload(
  s3: S3Client,
  target: UploadTarget,
  body: Readable,
  mayHold: (byteCount: number) => boolean,
): Promise<StagedObject> {
  let staged: StagedObject | undefined;
  const send = async (command: unknown): Promise<unknown> => {
    if (command instanceof CompleteMultipartUploadCommand) {
      const { UploadId: uploadId, MultipartUpload: upload } = command.input;
      staged = { key: target.Key, uploadId: uploadId ?? "", parts: upload?.Parts ?? [] };
      return {};
    }
    if (command instanceof PutObjectCommand) {
      const bytes = command.input.Body as Buffer;
      staged = mayHold(bytes.byteLength)
        ? { key: target.Key, body: bytes, mediaType: target.ContentType ?? "application/octet-stream" }
        : await stageSinglePart(s3, target, bytes);
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

async function stageSinglePart(s3: S3Client, target: UploadTarget, body: Buffer): Promise<StagedUpload> {
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

/** Clears up after a failure, which is thrown whether this succeeds or not; the next run clears up again. */
async function abortQuietly(s3: S3Client, command: AbortMultipartUploadCommand): Promise<void> {
  await s3.send(command).catch(() => undefined);
}
