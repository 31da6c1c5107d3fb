/**
 * The queue between a bucket and the function that takes its objects: it takes the bucket's events and hands them over as
 * SQS does, in any order, as often and as late as a test says.
 */
import { randomUUID } from "node:crypto";

import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";

import type { LocalAws } from "../../local/aws/server";

export class EventQueue {
  /** Messages that were not handled yet, oldest first. */
  readonly waiting: string[] = [];
  /** Messages that have failed too often. */
  readonly deadLetters: string[] = [];
  readonly #attempts = new Map<string, number>();
  #seen = 0;

  constructor(
    private readonly aws: LocalAws,
    private readonly buckets: string | readonly string[],
    private readonly folder = "landing/",
    private readonly maxReceiveCount = 3,
  ) {}

  /** Takes the events of the buckets since the last time, of keys below the folder, as the rule of EventBridge does. */
  collect(): this {
    const events = this.aws.events.slice(this.#seen);
    this.#seen = this.aws.events.length;
    for (const event of events) {
      const { bucket, object } = event.detail;
      if ([this.buckets].flat().includes(bucket.name) && object.key.startsWith(this.folder))
        this.waiting.push(JSON.stringify(event));
    }
    return this;
  }

  /** Each message once more, behind all others. */
  twice(): this {
    this.waiting.push(...this.waiting);
    return this;
  }

  swapped(): this {
    this.waiting.reverse();
    return this;
  }

  /** Loses the oldest message. @returns it, to be sent late. */
  drop(): string {
    return this.waiting.shift() ?? "";
  }

  send(...bodies: readonly string[]): this {
    this.waiting.push(...bodies);
    return this;
  }

  /** Hands all messages over in batches, those that fail again, until none is left. */
  async deliver(handler: (event: SQSEvent) => Promise<SQSBatchResponse>, batchSize = 10): Promise<void> {
    while (this.waiting.length > 0) {
      const records = this.waiting.splice(0, batchSize).map(recordOf);
      const { batchItemFailures } = await handler({ Records: records });
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { messageId, body } of records) if (failed.has(messageId)) this.#again(body);
    }
  }

  #again(body: string): void {
    const attempts = (this.#attempts.get(body) ?? 0) + 1;
    this.#attempts.set(body, attempts);
    (attempts < this.maxReceiveCount ? this.waiting : this.deadLetters).push(body);
  }
}

function recordOf(body: string): SQSRecord {
  return { messageId: randomUUID(), body, eventSource: "aws:sqs" } as SQSRecord;
}
