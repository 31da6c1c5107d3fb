/**
 * Starts the state machine for each object that a bank has written. The execution's name is the arrival's id, so an event
 * that comes twice, or late, starts nothing twice.
 */
import type { SFNClient } from "@aws-sdk/client-sfn";
import type { SQSBatchItemFailure, SQSEvent, SQSRecord } from "aws-lambda";

import { createdObject } from "../platform/bucket/object-event";
import { RequestError } from "../platform/errors";
import { arrivalId, type ObjectAddress } from "./arrival";

/** Of one message: `ignored` is a folder that somebody made in the console. */
export type Started = ObjectAddress & { readonly status: "started" | "running" | "ignored" };

/**
 * The object of an event.
 *
 * @throws RequestError if the message is no such event, or the bucket has no versioning: such an object could change while
 *   it is copied.
 */
export function objectOf(body: string): ObjectAddress {
  const created = createdObject(body);
  if (created === undefined) {
    throw new RequestError("this message is not an event of S3 about an object that was created", {
      hint: "Find out what else writes to the queue, and remove the message from the dead-letter queue.",
    });
  }
  const { bucket, key, versionId } = created;
  if (versionId === undefined) {
    throw new RequestError(`s3://${bucket}/${key} has no version`, {
      hint: "Turn on versioning for the landing bucket, then redrive the dead-letter queue.",
    });
  }
  return { bucket, key, versionId };
}

/** @throws the error of Step Functions. */
export async function startExecution(
  stepFunctions: SFNClient,
  stateMachineArn: string,
  address: ObjectAddress,
  signal: AbortSignal,
): Promise<Started> {
  if (address.key.endsWith("/")) return { ...address, status: "ignored" };
  const { ExecutionAlreadyExists, StartExecutionCommand } = await import("@aws-sdk/client-sfn");
  const command = new StartExecutionCommand({
    stateMachineArn,
    name: arrivalId(address.bucket, address.key, address.versionId),
    input: JSON.stringify(address),
  });
  try {
    await stepFunctions.send(command, { abortSignal: signal });
    return { ...address, status: "started" };
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return { ...address, status: "running" };
    throw error;
  }
}

/** Handles each message on its own: SQS sends again only those that failed. */
export async function forEachRecord(
  { Records: records }: SQSEvent,
  action: (record: SQSRecord) => Promise<void>,
  onFailure: (error: unknown) => void,
): Promise<{ readonly batchItemFailures: SQSBatchItemFailure[] }> {
  const failures = await Promise.all(
    records.map(async (record) => {
      try {
        await action(record);
        return [];
      } catch (error) {
        onFailure(error);
        return [{ itemIdentifier: record.messageId }];
      }
    }),
  );
  return { batchItemFailures: failures.flat() };
}
