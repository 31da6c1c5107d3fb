/** A world with a lake: a bucket for each tenant, a lineage table, and published months to bring into it. */
import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";

import { type LocalDynamoDb, startLocalDynamoDb } from "../../local/dynamodb";
import { lakeSettings } from "../../local/lake";
import { temporaryDirectory } from "../../local/temporary";
import type { RecordedRequest } from "../../local/aws/server";
import { listKey, parseUri } from "../../src/lake/keys";
import type { LakeEvent, LakeMonthSummary } from "../../src/lake/lake-month";
import type { LakeMonth, Lineage } from "../../src/lake/lineage";
import { runLake } from "../../src/lake/run";
import { readTenants, type Tenant } from "../../src/lake/tenants";
import type { AwsClients } from "../../src/platform/aws";
import { withDeadline } from "../../src/platform/deadline";
import type { Edge } from "../../src/platform/edge";
import type { Month } from "../../src/platform/month";
import { queryParquet } from "./duckdb";
import { type Caller, recordCalls } from "./permissions";
import { NOW, World } from "./world";
import type { Template } from "./test-server";

export interface LakeRunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly now?: Date;
  readonly observe?: (event: LakeEvent) => void | Promise<void>;
  readonly signal?: AbortSignal;
  /** The function that it is. */
  readonly caller?: Caller;
  /** Of DynamoDB, if it isn't the lake's own. */
  readonly dynamoEndpoint?: string;
}

export class LakeWorld {
  private constructor(
    readonly world: World,
    readonly dynamo: LocalDynamoDb,
    readonly tenants: readonly Tenant[],
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  #clients(caller: Caller, endpoint = this.dynamo.endpoint): AwsClients {
    const config = { ...this.dynamo.clientConfig, endpoint, userAgentAppId: caller };
    return { ...this.world.clients(caller), config };
  }

  static async create(
    template: Template,
    tenants: readonly Tenant[] = readTenants(undefined),
  ): Promise<LakeWorld> {
    return LakeWorld.beside(await World.create(template), tenants);
  }

  /** A lake in a world that there is. @param more further settings. */
  static async beside(
    world: World,
    tenants: readonly Tenant[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<LakeWorld> {
    const directory = await temporaryDirectory("lake");
    const tenantsFile = path.join(directory, "tenants.json");
    await writeFile(tenantsFile, JSON.stringify(tenants));
    const settings = lakeSettings(world.bucket);
    const dynamo = await startLocalDynamoDb(world.aws.clientConfig, settings.LAKE_LINEAGE_TABLE);
    for (const tenant of tenants) world.aws.createBucket(bucketOf(tenant), { versioning: true });
    return new LakeWorld(world, dynamo, tenants, {
      ...world.environment,
      ...dynamo.environment,
      ...settings,
      ...more,
      LAKE_TENANTS_FILE: tenantsFile,
    });
  }

  async close(): Promise<void> {
    await this.closeLake();
    await this.world.close();
  }

  /** Without the world that it is in. */
  async closeLake(): Promise<void> {
    await recordCalls(
      [...this.dynamo.operations].map((call) => {
        const [, operation = "", userAgent = ""] = /^(\w+) (.*)$/.exec(call) ?? [];
        return { service: "s3", operation, query: {}, userAgent };
      }),
    );
    await this.dynamo.stop();
    await rm(path.dirname(this.environment["LAKE_TENANTS_FILE"] ?? ""), { recursive: true });
  }

  /** Runs the lake in this process; returns what it did to each month. */
  async run(input: unknown, options: LakeRunOptions = {}): Promise<readonly LakeMonthSummary[]> {
    const step = options.observe;
    const summary = await this.inTime(options, (edge) =>
      runLake(input, edge, step === undefined ? {} : { step }),
    );
    return summary.months;
  }

  inTime<Result>(
    { environment = {}, now = NOW, signal, caller = "lake", dynamoEndpoint }: LakeRunOptions,
    action: (edge: Edge) => Promise<Result>,
  ): Promise<Result> {
    return withDeadline(
      60_000,
      "Give it more time.",
      (deadline) =>
        action({
          environment: { ...this.environment, ...environment },
          ...{ now: () => now, runId: randomUUID(), aws: this.#clients(caller, dynamoEndpoint), deadline },
        }),
      signal,
    );
  }

  /** All visible keys of a tenant's bucket. */
  async keys(tenant: Tenant, prefix = ""): Promise<string[]> {
    const { Contents = [] } = await this.world.s3.send(
      new ListObjectsV2Command({ Bucket: bucketOf(tenant), Prefix: prefix }),
    );
    return Contents.map(({ Key }) => Key ?? "");
  }

  /** The keys of a tenant's open uploads. */
  async openUploads(tenant: Tenant): Promise<string[]> {
    const { Uploads = [] } = await this.world.s3.send(
      new ListMultipartUploadsCommand({ Bucket: bucketOf(tenant) }),
    );
    return Uploads.map(({ Key }) => Key ?? "");
  }

  /** The Parquet files that a tenant's list names, as Athena reads them; none without a list. */
  async listed(tenant: Tenant, dataset: string, month: string): Promise<{ key: string; file: Buffer }[]> {
    const list = await this.bytes(bucketOf(tenant), listKey(dataset, month as Month));
    const uris = (list?.toString() ?? "").split("\n").filter((line) => line !== "");
    return Promise.all(
      uris.map(async (uri) => {
        const { bucket = "", key = "" } = parseUri(uri) ?? {};
        const file = await this.bytes(bucket, key);
        if (file === undefined) throw new Error(`the list names ${uri}, which is not there`);
        return { key, file };
      }),
    );
  }

  /** Queries a tenant's table `file0` by DuckDB; undefined if the month is not there. */
  async query(tenant: Tenant, dataset: string, month: string, sql: string): Promise<unknown[][] | undefined> {
    const files = await this.listed(tenant, dataset, month);
    return files.length === 0
      ? undefined
      : queryParquet(
          files.map(({ file }) => file),
          sql,
        );
  }

  /** Queries all rows of a tenant's month as the table `month`; undefined if the list names nothing. */
  async rows(tenant: Tenant, dataset: string, month: string, sql: string): Promise<unknown[][] | undefined> {
    const files = await this.listed(tenant, dataset, month);
    const all = files.map((_, index) => `select * from file${index}`).join(" union all ");
    if (files.length === 0) return undefined;
    return queryParquet(
      files.map(({ file }) => file),
      `with month as (${all}) ${sql}`,
    );
  }

  async bytes(bucket: string, key: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.world.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (error instanceof Error && error.name === "NoSuchKey") return undefined;
      throw error;
    }
  }

  /** The recorded month, and the lineage of each of its files. */
  async recorded(
    dataset: string,
    month: string,
  ): Promise<{ month: LakeMonth | undefined; files: Lineage[][] }> {
    const { LineageTable } = await import("../../src/lake/lineage");
    const { ItemTable } = await import("../../src/lake/item-table");
    return this.inTime({}, async (edge) => {
      const items = await ItemTable.open(edge, this.environment["LAKE_LINEAGE_TABLE"] ?? "");
      const table = new LineageTable(items);
      const record = await table.readMonth(dataset, month as Month);
      const files = await Promise.all(
        (record?.objects ?? []).map(({ bucket, key }) => table.find(bucket, key)),
      );
      return { month: record, files: files.map((each) => [...each]) };
    });
  }

  /** The requests that `action` caused, without those of the tests' own. */
  async requestsDuring(action: () => Promise<unknown>): Promise<readonly RecordedRequest[]> {
    const before = this.world.aws.requests.length;
    await action();
    return this.world.aws.requests.slice(before);
  }
}

export function bucketOf({ id }: Tenant): string {
  return lakeSettings("").LAKE_BUCKETS.replace("{tenant}", id);
}
