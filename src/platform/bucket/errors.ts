/** What a failure of S3 means. Source of the names: Amazon S3 API Reference, "Error responses". */
import { isNativeError } from "node:util/types";

import { isMisconfigured, misconfigured } from "../aws";
import { BatchError, DeadlineError, StorageError } from "../errors";

export function isNamed(error: unknown, ...names: string[]): boolean {
  return isNativeError(error) && names.includes(error.name);
}

/** The error to throw for one of S3's; an error that isn't S3's comes back as it is. */
export function storageError(error: unknown, action: string, bucket: string, key: string): unknown {
  if (error instanceof BatchError || !isNativeError(error)) return error;
  if (isMisconfigured(error)) return misconfigured(error);
  const status =
    "$metadata" in error ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode : undefined;
  // The answer to a HEAD request has no body that could say more than the status.
  const why = status === undefined ? error.message : `${error.message} (HTTP ${status})`;
  return new StorageError(`S3 did not ${action} s3://${bucket}/${key}: ${error.name}: ${why}`, {
    retry: status === undefined || status === 429 || status >= 500,
    hint: storageHint(error.name, status, bucket),
    cause: error,
  });
}

/** The error for an action that a signal has ended: its reason, which for a time limit says what was not done in time. */
export function interruption(reason: unknown, action: string, bucket: string, key: string): unknown {
  if (!(reason instanceof DeadlineError)) return reason;
  const { message, hint } = reason;
  return new DeadlineError(`${message}; S3 did not ${action} s3://${bucket}/${key} in time`, {
    hint,
    cause: reason,
  });
}

/** Whether a key holds nothing because somebody deleted what it held: S3 says so of its answer, by a header. */
export function isDeleted(error: unknown): boolean {
  const { $response } = error as { $response?: { headers?: Readonly<Record<string, string>> } };
  return $response?.headers?.["x-amz-delete-marker"] === "true";
}

export function deletion(bucket: string, key: string, cause: unknown): StorageError {
  return new StorageError(`s3://${bucket}/${key} was deleted, so what is published is unknown`, {
    retry: false,
    hint: "Find out who deleted it, and put its last version back under the same key; docs/runbook.md has the commands.",
    cause,
  });
}

function storageHint(name: string, status: number | undefined, bucket: string): string {
  if (name === "NoSuchBucket")
    return `Check the bucket's name in the settings: this account and region have no bucket ${bucket}.`;
  if (status === 301) return `Check AWS_REGION: the bucket ${bucket} is in another region.`;
  if (status === 403) return `Check that the role may use the bucket ${bucket} and its KMS key.`;
  if (status === undefined) return "Check the network path to S3 (VPC endpoint).";
  if (status === 429 || status >= 500) return "Wait a few minutes.";
  return "The message above has the cause. A retry won't help.";
}
