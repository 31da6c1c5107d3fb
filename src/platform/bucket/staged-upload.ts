/**
 * Staging: a multipart upload that has all its parts and is not completed, so nobody can see its object. Completing it
 * is a separate step; between the two is everything that must hold before a publication.
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
export interface StagedObject extends OpenUpload {
  readonly parts: readonly CompletedPart[];
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
 * would send a file of less than a part as one PutObject; here it becomes an upload of one part, so that it can't be
 * seen either, and waits in the bucket instead of in memory.
 */
export async function stageUpload(s3: S3Client, target: UploadTarget, body: Readable): Promise<StagedObject> {
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

/** Clears up after a failure, which is thrown whether this succeeds or not; the next run clears up again. */
async function abortQuietly(s3: S3Client, command: AbortMultipartUploadCommand): Promise<void> {
  await s3.send(command).catch(() => undefined);
}
