/** A world in which deliveries that intake has accepted come into the lake, by intake's own messages. */
import type { Context, SQSBatchResponse } from "aws-lambda";

import type { DeliveryMessage } from "../../src/intake/messages";
import { originLines, originOf } from "../../src/lake/origin";
import { openForReading, verifyLake } from "../../src/lake/run";
import { compactAll, openRefining } from "../../src/lake/refine/run";
import { parseRefineSettings } from "../../src/lake/settings";
import type { Tenant } from "../../src/lake/tenants";
import type { LakeVerification } from "../../src/lake/verification";
import type { Month } from "../../src/platform/month";
import { DeliveryWorld } from "./delivery-world";
import { lake as handler } from "./handlers";
import { fileOf } from "./intake-world";
import { LakeWorld } from "./lake-world";

const context = {
  functionName: "bank-batch-lake-dev-lake",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

/** A file that a bank sends. */
export interface Sent {
  readonly feed?: string;
  readonly bank?: 1 | 2;
  /** `2024-05-31T22:00:00Z`. */
  readonly time: string;
  readonly details: readonly string[];
  readonly total?: number;
}

const FOLDERS = { 1: "FirstNational", 2: "CréditDÉté" } as const;

export class DeliveriesInLake {
  private constructor(
    readonly deliveries: DeliveryWorld,
    readonly lake: LakeWorld,
    readonly topic: string,
  ) {}

  /** @param tenants of the banks 1 and 2. */
  static async create(tenants: readonly Tenant[]): Promise<DeliveriesInLake> {
    const deliveries = await DeliveryWorld.create();
    const { aws } = deliveries.world;
    const topic = aws.createTopic("lake");
    const lake = await LakeWorld.beside(deliveries.world, tenants, {
      INTAKE_BUCKET: deliveries.bucket,
      LAKE_TOPIC_ARN: topic,
    });
    return new DeliveriesInLake(deliveries, lake, topic);
  }

  async close(): Promise<void> {
    await this.lake.closeLake();
    await this.deliveries.close();
  }

  /** Has intake take a file. @returns its message for machines. */
  async send({ feed = "loans", bank = 1, time, details, total = 0 }: Sent): Promise<DeliveryMessage> {
    const key = `landing/${FOLDERS[bank]}/${feed}_${time.replaceAll(/[-:]/g, "")}.dat`;
    const body = fileOf(details, { feed, bank, time, total });
    await this.deliveries.run(await this.deliveries.deliver(key, body));
    const message = this.deliveries.messages.at(-1);
    if (message === undefined) throw new Error("intake has sent no message");
    return message;
  }

  /** Hands messages to the Lambda in one batch. */
  handle(...messages: readonly (DeliveryMessage | string)[]): Promise<SQSBatchResponse> {
    Object.assign(process.env, this.lake.environment);
    const Records = messages.map((message, index) => ({
      ...{ eventSource: "aws:sqs", messageId: `message-${index}` },
      body: typeof message === "string" ? message : JSON.stringify(message),
    }));
    return handler({ Records }, context) as Promise<SQSBatchResponse>;
  }

  /** The messages that the lake has sent so far. */
  get announced(): Record<string, unknown>[] {
    const own = this.deliveries.world.aws.messages.filter(({ topicArn }) => topicArn === this.topic);
    return own.map(({ message }) => JSON.parse(message) as Record<string, unknown>);
  }

  verify(dataset: string, month: string): Promise<readonly LakeVerification[]> {
    return this.lake.inTime({ caller: "operator" }, (edge) =>
      verifyLake({ dataset, month }, edge, () => undefined),
    );
  }

  compact(month: string) {
    return this.lake.inTime({ caller: "operator" }, async (edge) =>
      compactAll(await openRefining(parseRefineSettings(edge.environment), edge), month as Month),
    );
  }

  /** The lines that `lineage` prints about a file. */
  lineage(uri: string): Promise<readonly string[]> {
    return this.lake.inTime({ caller: "operator" }, async (edge) =>
      originLines(await originOf(await openForReading(edge), uri), (present) => present),
    );
  }
}
