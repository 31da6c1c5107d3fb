/** A lake to whose tenants files of their own are written, which the Lambda `refine` takes by S3's events. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Context, SQSBatchResponse } from "aws-lambda";

import { listKey } from "../../src/lake/keys";
import { originLines, originOf } from "../../src/lake/origin";
import type { Compaction } from "../../src/lake/refine/compaction";
import type { RawStep, RawSummary, RawTask } from "../../src/lake/refine/raw-file";
import {
  compactAll,
  type Ended,
  openRefining,
  refineAll,
  refineOne,
  type RefineObserver as RefineObserverOf,
} from "../../src/lake/refine/run";
import { parseRefineSettings } from "../../src/lake/settings";
import { verifyLake } from "../../src/lake/run";
import { readTenants, type Tenant } from "../../src/lake/tenants";
import type { LakeVerification } from "../../src/lake/verification";
import type { Month } from "../../src/platform/month";
import { EventQueue } from "./event-queue";
import { refine } from "./handlers";
import { bucketOf, LakeWorld } from "./lake-world";

export const HEADER = "id,booked_on,amount,currency,description";

/** A file of transactions, one for each amount, of days of the month. */
export function transactionsOf(month: string, amounts: readonly string[], firstId = 1): string {
  const rows = amounts.map(
    (amount, index) =>
      `${firstId + index},${month}-${String((index % 28) + 1).padStart(2, "0")},${amount},EUR,`,
  );
  return [HEADER, ...rows, ""].join("\n");
}

const context = {
  functionName: "bank-batch-lake-dev-refine",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

export type RefineObserver = (event: {
  readonly step: RawStep;
  readonly file: string;
}) => void | Promise<void>;

export class RefineWorld {
  private constructor(
    readonly lake: LakeWorld,
    readonly queue: EventQueue,
  ) {}

  /** @param tenants the first two have the dataset, the others none. */
  static async create(datasets: readonly string[] = ["transactions"]): Promise<RefineWorld> {
    const tenants = readTenants(undefined).map((tenant, index) => ({
      ...tenant,
      datasets: index < 2 ? [...datasets] : [],
    }));
    const lake = await LakeWorld.create("seeded", tenants);
    return new RefineWorld(lake, new EventQueue(lake.world.aws, tenants.map(bucketOf), "raw/"));
  }

  get tenant(): Tenant {
    return this.lake.tenants[0] as Tenant;
  }

  close(): Promise<void> {
    return this.lake.close();
  }

  /** Writes a file to a tenant's bucket. @returns its URI. */
  async write(key: string, content: string | Buffer, tenant = this.tenant): Promise<string> {
    const Bucket = bucketOf(tenant);
    await this.lake.world.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: Buffer.from(content) }));
    return `s3://${Bucket}/${key}`;
  }

  /** Hands the events to the Lambda until all are handled or have failed too often. */
  async deliver(): Promise<void> {
    await this.queue.collect().deliver((event) => this.handle(event));
  }

  handle(event: unknown): Promise<SQSBatchResponse> {
    return refine(event, context);
  }

  /** Takes a file in this process. */
  run(uri: string, task: RawTask = "refine", observe?: RefineObserver): Promise<RawSummary> {
    return this.lake.inTime({ caller: "refine" }, async (edge) => {
      const settings = parseRefineSettings(edge.environment);
      return refineOne(await openRefining(settings, edge, observe ? { step: observe } : {}), uri, task);
    });
  }

  runAll(failed?: RefineObserverOf["failed"]): Promise<Ended<RawSummary>> {
    return this.lake.inTime({ caller: "refine" }, async (edge) =>
      refineAll(
        await openRefining(parseRefineSettings(edge.environment), edge),
        failed === undefined ? {} : { failed },
      ),
    );
  }

  /** @param month undefined for every closed month. */
  compact(month?: string): Promise<Ended<Compaction>> {
    return this.lake.inTime({ caller: "operator" }, async (edge) =>
      compactAll(await openRefining(parseRefineSettings(edge.environment), edge), month as Month | undefined),
    );
  }

  /** Queries the month's rows as an analyst does; undefined if the list names nothing. */
  rows(month: string, sql: string, { tenant = this.tenant, dataset = "transactions" } = {}) {
    return this.lake.rows(tenant, dataset, month, sql);
  }

  /** The amounts of a month, in order, as text. */
  async amounts(month: string, tenant = this.tenant): Promise<unknown[]> {
    const rows = await this.rows(month, "select amount::varchar from month order by amount", { tenant });
    return (rows ?? []).flat();
  }

  async list(month: string, tenant = this.tenant): Promise<string | undefined> {
    const bytes = await this.lake.bytes(bucketOf(tenant), listKey("transactions", month as Month));
    return bytes?.toString();
  }

  /** The reports about a file, latest last. */
  async reports(key: string, tenant = this.tenant): Promise<Record<string, unknown>[]> {
    const keys = await this.lake.keys(tenant, `rejected/${key.slice("raw/".length)}.`);
    return Promise.all(
      keys.map(async (each) => {
        const bytes = await this.lake.bytes(bucketOf(tenant), each);
        return JSON.parse(bytes?.toString() ?? "") as Record<string, unknown>;
      }),
    );
  }

  /** What `verify --lake` finds of a month. */
  verify(month: string, dataset = "transactions"): Promise<readonly LakeVerification[]> {
    return this.lake.inTime({ caller: "operator" }, (edge) =>
      verifyLake({ dataset, month }, edge, () => undefined),
    );
  }

  /** The lines that `lineage` prints of a file of the tenant's month. */
  async lineage(month: string): Promise<readonly string[]> {
    const [file] = await this.lake.listed(this.tenant, "transactions", month);
    return this.lake.inTime({ caller: "operator" }, async (edge) => {
      const lake = await openRefining(parseRefineSettings(edge.environment), edge);
      const origin = await originOf(lake, `s3://${bucketOf(this.tenant)}/${file?.key ?? ""}`);
      return originLines(origin, (present) => present);
    });
  }
}
