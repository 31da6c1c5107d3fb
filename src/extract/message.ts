/** A message to a topic of SNS. */
import type { Edge } from "../platform/edge";

/** @throws the SDK's error if SNS refuses the message. */
export async function publishMessage(
  { aws, deadline }: Edge,
  topicArn: string,
  subject: string,
  message: string,
): Promise<void> {
  const [{ PublishCommand }, sns] = await Promise.all([import("@aws-sdk/client-sns"), aws.sns()]);
  const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: message });
  await sns.send(command, { abortSignal: deadline.signal });
}
