/** Messages that start the lake, which the extract and intake send, and the lake's own about months. */
import * as v from "valibot";

import type { Edge } from "../platform/edge";
import type { Notice } from "../platform/lambda/notice";
import { isMonth, type Month } from "../platform/month";
import { datasetNamed, extractDatasets, type PipelineDataset, pipelineDatasets } from "./datasets";
import { type ObjectUri, uriOf } from "./keys";
import type { LakeMonth } from "./lineage";
import { type LakeRequest, parseLakeRequest } from "./request";

/** What the lake needs of an extract's announcement; `docs/contract.md` has all of it. */
const announced = v.looseObject({
  extract: v.string(),
  month: v.custom<Month>((text) => typeof text === "string" && isMonth(text)),
});

/** What the lake needs of intake's message about a delivery; `docs/contract.md` has all of it. */
const settledDelivery = v.looseObject({
  delivery: v.string(),
  outcome: v.picklist(["loaded", "unchanged", "rejected", "failed"]),
  report: v.object({ bucket: v.string(), key: v.string() }),
});

/** What SNS delivers to SQS, unless the subscription asks for the message alone. */
const envelope = v.looseObject({ Type: v.literal("Notification"), Message: v.string() });

/** Source: Amazon SQS Developer Guide and AWS Lambda Developer Guide, "Using Lambda with Amazon SQS". */
const queueEvent = v.looseObject({
  Records: v.array(
    v.looseObject({ eventSource: v.literal("aws:sqs"), messageId: v.string(), body: v.string() }),
  ),
});

export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
}

/** The messages of an SQS event, undefined if the event is another one. */
export function queuedMessages(event: unknown): readonly QueuedMessage[] | undefined {
  const parsed = v.safeParse(queueEvent, event);
  return parsed.success
    ? parsed.output.Records.map(({ messageId, body }) => ({ id: messageId, body }))
    : undefined;
}

/** Months, or the delivery with this report. */
export type Requested = { readonly months: LakeRequest<PipelineDataset> } | { readonly report: ObjectUri };

/**
 * What a message in the queue asks for: the month of an extract's announcement, the delivery of intake's message, or an
 * input like one by hand.
 *
 * @returns undefined if it announces an extract that has no dataset, or a delivery that was not accepted.
 * @throws SyntaxError if the text is not JSON, RequestError if it is none of these.
 */
export function requestedBy(text: string, now: Date): Requested | undefined {
  const content: unknown = JSON.parse(text);
  const inner: unknown = v.is(envelope, content) ? JSON.parse(content.Message) : content;
  if (v.is(settledDelivery, inner)) {
    const isAccepted = inner.outcome === "loaded" || inner.outcome === "unchanged";
    return isAccepted ? { report: inner.report } : undefined;
  }
  if (!v.is(announced, inner)) return { months: parseLakeRequest(inner, now, pipelineDatasets) };
  const dataset = datasetNamed(extractDatasets, inner.extract);
  return dataset && { months: { datasets: [dataset], months: [inner.month], remake: false } };
}

/** States what the lake has of a month, not what happened: the revision decides, as with the extract's announcements. */
export interface LakeAnnouncement {
  readonly dataset: string;
  readonly month: Month;
  readonly state: LakeMonth["state"];
  readonly revision: number;
  /** The Parquet files of all tenants; none if the month is withdrawn. */
  readonly objects: readonly { readonly tenant: string; readonly uri: string; readonly rowCount: number }[];
  readonly runId: string;
}

export function announcementOf({
  dataset,
  month,
  state,
  revision,
  objects,
  runId,
}: LakeMonth): LakeAnnouncement {
  return {
    ...{ dataset, month, state, revision },
    objects: objects.map(({ tenant, bucket, key, rowCount }) => ({
      tenant,
      uri: uriOf(bucket, key),
      rowCount,
    })),
    runId,
  };
}

/** The message for machines about a month. */
export function messageOf(announcement: LakeAnnouncement): Notice {
  const { dataset, month, state, revision } = announcement;
  return {
    subject: `${dataset} ${month} ${state}, revision ${revision}`,
    message: JSON.stringify(announcement),
  };
}

export async function publish(
  { aws, deadline }: Pick<Edge, "aws" | "deadline">,
  topicArn: string,
  { subject, message }: Notice,
): Promise<void> {
  const [{ PublishCommand }, sns] = await Promise.all([import("@aws-sdk/client-sns"), aws.sns()]);
  const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: message });
  await sns.send(command, { abortSignal: deadline.signal });
}
