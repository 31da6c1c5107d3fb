/** The bucket of the files: versions, encryption, events, and whether a file could be written. */
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

import type { Account } from "./account";
import { type Finding, fine, isForbidden, isMissing, look, unknown, wrong } from "./finding";

const CREATE = "Run terraform apply in infra-terraform.";
const APPLY = "Run terraform apply in infra-terraform: something else has changed the bucket.";

/** The key of the upload that is started and aborted; no file and no manifest has such a key. */
const PROBE = "_doctor/probe";

interface Target {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly keyArn: string | undefined;
  readonly abortSignal: AbortSignal;
}

export async function checkBucket(
  { clients, environment, deadline }: Account,
  bucket: string,
  keyArn: string | undefined,
): Promise<readonly Finding[]> {
  const forcePathStyle = environment["S3_FORCE_PATH_STYLE"] === "true";
  const s3 = await clients.s3({ forcePathStyle });
  const target: Target = { s3, bucket, keyArn, abortSignal: deadline.signal };
  if (await isGone(target)) return [wrong("bucket", `${bucket} doesn't exist`, CREATE)];
  const parts = [
    await look("bucket", "s3:GetBucketVersioning", () => checkVersions(target)),
    await look("encryption", "s3:GetEncryptionConfiguration", () => checkEncryption(target)),
    await look("events", "s3:GetBucketNotification", () => checkEvents(target)),
    await look("writing", "s3:PutObject and kms:GenerateDataKey", () => checkWriting(target)),
  ];
  return parts.flat();
}

/** Without the right to see that it is there, the checks that follow can say more. */
async function isGone({ s3, bucket, abortSignal }: Target): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal });
    return false;
  } catch (error) {
    return isMissing(error);
  }
}

async function checkVersions({ s3, bucket, abortSignal }: Target): Promise<readonly Finding[]> {
  const command = new GetBucketVersioningCommand({ Bucket: bucket });
  const { Status } = await s3.send(command, { abortSignal });
  if (Status === "Enabled") return [fine("bucket", `${bucket} keeps versions`)];
  return [wrong("bucket", `${bucket} keeps no versions: a restated month can't be read as it was`, APPLY)];
}

async function checkEncryption({ s3, bucket, keyArn, abortSignal }: Target): Promise<readonly Finding[]> {
  const command = new GetBucketEncryptionCommand({ Bucket: bucket });
  const { ServerSideEncryptionConfiguration } = await s3.send(command, { abortSignal });
  const rule = ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
  const used = rule?.KMSMasterKeyID;
  if (used === undefined) return [wrong("encryption", `${bucket} has no KMS key as its default`, APPLY)];
  if (used !== keyArn)
    return [wrong("encryption", `the default key is ${used}, not ${keyArn ?? "in SSM"}`, APPLY)];
  return [fine("encryption", "by the stage's own KMS key")];
}

async function checkEvents({ s3, bucket, abortSignal }: Target): Promise<readonly Finding[]> {
  const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket });
  const { EventBridgeConfiguration } = await s3.send(command, { abortSignal });
  if (EventBridgeConfiguration !== undefined)
    return [fine("events", "the bucket reports manifests to EventBridge")];
  return [wrong("events", "the bucket reports nothing to EventBridge, so no month is announced", APPLY)];
}

/**
 * Starts an upload, which nobody can see, and aborts it: only this asks the bucket's policy and the key's policy
 * together. It proves the rights of this login; those of the function are in serverless.yml.
 */
async function checkWriting({ s3, bucket, keyArn, abortSignal }: Target): Promise<readonly Finding[]> {
  const at = { Bucket: bucket, Key: PROBE };
  const encryption = { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: keyArn };
  try {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at, ...encryption }), {
      abortSignal,
    });
    await s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }), { abortSignal });
    return [fine("writing", "an upload was started and aborted; nothing was written")];
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const hint =
      "This login may not write, or a policy forbids it. Look again with the rights of the extract (serverless.yml).";
    return [unknown("writing", "could not look: starting an upload was refused", hint)];
  }
}
