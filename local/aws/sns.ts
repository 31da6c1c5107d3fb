// The local SNS (query protocol): topics that keep the messages published to them and deliver nothing.
// Source of the behaviour: Amazon SNS API Reference.
import { randomUUID } from "node:crypto";
import { AwsError, xmlReply, type Call, type Operation, type Reply, type Service } from "./exchange";
import { receiveText } from "./payload";

export interface PublishedMessage {
  readonly topicArn: string;
  readonly subject?: string;
  readonly message: string;
  /** String values by attribute name. */
  readonly attributes: Readonly<Record<string, string>>;
}

export class Sns implements Service {
  readonly name = "sns";
  /** In the order of publication. */
  readonly messages: PublishedMessage[] = [];
  readonly #topics = new Set<string>();
  readonly #arnPrefix: string;

  constructor(region: string, account: string) {
    this.#arnPrefix = `arn:aws:sns:${region}:${account}:`;
  }

  /** Returns the topic's ARN; the topic may exist already. */
  createTopic(name: string): string {
    if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalid("Topic Name");
    const arn = this.#arnPrefix + name;
    this.#topics.add(arn);
    return arn;
  }

  /** Reads the body, because the query protocol names the operation there. */
  async recognise(call: Call): Promise<Operation> {
    const form = new URLSearchParams(await receiveText(call));
    const name = form.get("Action") ?? "";
    return { name, carryOut: () => this.#carryOut(name, form) };
  }

  refuse(error: AwsError): Reply {
    const content = {
      Error: { Type: error.status < 500 ? "Sender" : "Receiver", Code: error.code, Message: error.message },
      RequestId: randomUUID(),
    };
    return { ...xmlReply("ErrorResponse", content, error.headers), status: error.status };
  }

  #carryOut(name: string, form: URLSearchParams): Reply {
    if (name === "CreateTopic") return result(name, { TopicArn: this.createTopic(form.get("Name") ?? "") });
    if (name !== "Publish") throw new AwsError(501, "NotImplemented", `Not served: ${name}`);
    const topicArn = form.get("TopicArn") ?? "";
    const subject = form.get("Subject");
    const message = form.get("Message") ?? "";
    if (!this.#topics.has(topicArn)) throw new AwsError(404, "NotFound", "Topic does not exist");
    if (message === "") throw invalid("Empty message");
    if (Buffer.byteLength(message) > 256 * 1024) throw invalid("Message too long");
    // "Subjects must be ASCII text that begins with a letter, number, or punctuation mark" and under 100 characters.
    if (subject !== null && !/^[!-~][ -~]{0,99}$/.test(subject)) throw invalid("Subject");
    this.messages.push({
      topicArn,
      ...(subject !== null && { subject }),
      message,
      attributes: attributesOf(form),
    });
    return result(name, { MessageId: randomUUID() });
  }
}

function attributesOf(form: URLSearchParams): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (let index = 1; ; index++) {
    const name = form.get(`MessageAttributes.entry.${index}.Name`);
    if (name === null) return attributes;
    attributes[name] = form.get(`MessageAttributes.entry.${index}.Value.StringValue`) ?? "";
  }
}

function result(operation: string, content: Record<string, string>): Reply {
  return xmlReply(`${operation}Response`, {
    [`${operation}Result`]: content,
    ResponseMetadata: { RequestId: randomUUID() },
  });
}

function invalid(what: string): AwsError {
  return new AwsError(400, "InvalidParameter", `Invalid parameter: ${what}`);
}
