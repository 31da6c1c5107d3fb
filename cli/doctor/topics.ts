/** The topics: whether anybody hears what is sent to them. */
import { GetTopicAttributesCommand } from "@aws-sdk/client-sns";

import type { Account } from "./account";
import { type Finding, fine, isMissing, wrong } from "./finding";

/** @param needsSubscriber whether somebody must have confirmed a subscription. */
export async function checkTopic(
  { clients, deadline }: Account,
  name: string,
  topicArn: string,
  needsSubscriber: boolean,
): Promise<readonly Finding[]> {
  const sns = await clients.sns();
  const check = `topic ${name}`;
  try {
    const command = new GetTopicAttributesCommand({ TopicArn: topicArn });
    const { Attributes = {} } = await sns.send(command, { abortSignal: deadline.signal });
    const [confirmed, pending] = [
      Attributes["SubscriptionsConfirmed"] ?? "0",
      Attributes["SubscriptionsPending"] ?? "0",
    ];
    if (needsSubscriber && confirmed === "0") {
      const hint =
        "Set notify_emails in infra-terraform and apply; then open the link in the e-mail that each address gets.";
      return [wrong(check, `nobody has confirmed a subscription, ${pending} pending`, hint)];
    }
    if (pending !== "0") {
      const hint = "Open the link in the e-mail that each address got, or apply again to send it once more.";
      return [wrong(check, `${pending} subscriptions are not confirmed, ${confirmed} are`, hint)];
    }
    return [fine(check, `${confirmed} confirmed subscriptions`)];
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [wrong(check, `${topicArn} doesn't exist`, "Run terraform apply in infra-terraform.")];
  }
}
