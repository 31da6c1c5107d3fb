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
  /** Before the names of the checks, for a bucket other than that of the extracts: ends with a space. */
  readonly label: string;
  readonly bucket: string;
  readonly keyArn: string | undefined;
  readonly abortSignal: AbortSignal;
}

/** The bucket of the extracts, into which this login should be able to write. */
export async function checkBucket(
  account: Account,
  bucket: string,
  keyArn: string | undefined,
): Promise<readonly Finding[]> {
  const target = await targetOf(account, bucket, keyArn, "");
  const settings = await checkSettings(target);
  if (settings === undefined) return [wrong("bucket", `${bucket} doesn't exist`, CREATE)];
  return [
    ...settings,
    ...(await look("writing", "s3:PutObject and kms:GenerateDataKey", () => checkWriting(target))),
  ];
}

/** A bucket of intake, into which only banks and the functions write. */
export async function checkOtherBucket(
  account: Account,
  name: string,
  bucket: string,
  keyArn: string | undefined,
): Promise<readonly Finding[]> {
  const target = await targetOf(account, bucket, keyArn, `${name} `);
  const settings = await checkSettings(target);
  return settings ?? [wrong(`${name} bucket`, `${bucket} doesn't exist`, CREATE)];
}

async function targetOf(
  { clients, environment, deadline }: Account,
  bucket: string,
  keyArn: string | undefined,
  label: string,
): Promise<Target> {
  const forcePathStyle = environment["S3_FORCE_PATH_STYLE"] === "true";
  const s3 = await clients.s3({ forcePathStyle });
  return { s3, label, bucket, keyArn, abortSignal: deadline.signal };
}

/** Undefined if the bucket doesn't exist. */
async function checkSettings(target: Target): Promise<readonly Finding[] | undefined> {
  if (await isGone(target)) return undefined;
  const { label } = target;
  const parts = [
    await look(`${label}bucket`, "s3:GetBucketVersioning", () => checkVersions(target)),
    await look(`${label}encryption`, "s3:GetEncryptionConfiguration", () => checkEncryption(target)),
    await look(`${label}events`, "s3:GetBucketNotification", () => checkEvents(target)),
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

async function checkVersions({ s3, label, bucket, abortSignal }: Target): Promise<readonly Finding[]> {
  const command = new GetBucketVersioningCommand({ Bucket: bucket });
  const { Status } = await s3.send(command, { abortSignal });
  if (Status === "Enabled") return [fine(`${label}bucket`, `${bucket} keeps versions`)];
  return [
    wrong(`${label}bucket`, `${bucket} keeps no versions: what was replaced can't be read as it was`, APPLY),
  ];
}

async function checkEncryption(target: Target): Promise<readonly Finding[]> {
  const { s3, bucket, keyArn, abortSignal } = target;
  const check = `${target.label}encryption`;
  const command = new GetBucketEncryptionCommand({ Bucket: bucket });
  const { ServerSideEncryptionConfiguration } = await s3.send(command, { abortSignal });
  const rule = ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
  const used = rule?.KMSMasterKeyID;
  if (used === undefined) return [wrong(check, `${bucket} has no KMS key as its default`, APPLY)];
  if (used !== keyArn) return [wrong(check, `the default key is ${used}, not ${keyArn ?? "in SSM"}`, APPLY)];
  return [fine(check, "by the stage's own KMS key")];
}

async function checkEvents({ s3, label, bucket, abortSignal }: Target): Promise<readonly Finding[]> {
  const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket });
  const { EventBridgeConfiguration } = await s3.send(command, { abortSignal });
  if (EventBridgeConfiguration !== undefined)
    return [fine(`${label}events`, "the bucket reports its objects to EventBridge")];
  return [wrong(`${label}events`, "the bucket reports nothing to EventBridge, so nothing follows", APPLY)];
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
