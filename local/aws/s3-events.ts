// The event that S3 sends to EventBridge for each object that is created. Nothing delivers it: tests do, in the order
// and as often as they like. Source: Amazon S3 User Guide, "EventBridge event message structure".
import { randomUUID } from "node:crypto";
import { type CreatedObject } from "./s3-store";

export interface ObjectCreatedEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": "Object Created";
  readonly source: "aws.s3";
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: {
    readonly version: "0";
    readonly bucket: { readonly name: string };
    readonly object: {
      readonly key: string;
      readonly size: number;
      readonly etag: string;
      /** Missing if the bucket has no versioning. */
      readonly "version-id"?: string;
      readonly sequencer: string;
    };
    readonly "request-id": string;
    readonly requester: string;
    readonly reason: CreatedObject["reason"];
  };
}

let count = 0;

export function objectCreated(
  { bucket, version, reason }: CreatedObject,
  region: string,
  account: string,
): ObjectCreatedEvent {
  const { key, size, etag, versionId } = version;
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": "Object Created",
    source: "aws.s3",
    account,
    time: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: "0",
      bucket: { name: bucket },
      object: {
        ...{ key, size, etag },
        ...(versionId !== "null" && { "version-id": versionId }),
        // Later events of a key have a greater sequencer.
        sequencer: (++count).toString(16).toUpperCase().padStart(16, "0"),
      },
      "request-id": randomUUID(),
      requester: account,
      reason,
    },
  };
}
