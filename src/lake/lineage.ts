/**
 * Where each Parquet file comes from, in a DynamoDB table: one item for each content of an object, and one for each
 * month of a dataset. Items are written by conditional puts and never deleted.
 */
import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as v from "valibot";

import { isMisconfigured, misconfigured } from "../platform/aws";
import { ConflictError, DeadlineError, StorageError } from "../platform/errors";
import type { Edge } from "../platform/edge";
import type { Month } from "../platform/month";
import { uriOf } from "./keys";

const address = { bucket: v.string(), key: v.string() };
const month = v.custom<Month>((value) => typeof value === "string");

const lineage = v.object({
  schemaVersion: v.literal(1),
  /** The Parquet file. */
  object: v.object({ ...address, sha256: v.string(), byteCount: v.number() }),
  tenant: v.string(),
  dataset: v.string(),
  month,
  /** SHA-256 of the columns' names and types. */
  definition: v.object({ sha256: v.string() }),
  rowCount: v.number(),
  totals: v.record(v.string(), v.string()),
  /** The files that it was made of, each with what is known of its own origin. */
  parents: v.array(
    v.object({
      ...address,
      versionId: v.nullable(v.string()),
      sha256: v.string(),
      /** The manifest that names the file, and the run, the statement and the snapshot that it states. */
      manifest: v.object({
        ...{ key: v.string(), revision: v.number(), runId: v.string(), publishedAt: v.string() },
        query: v.object({ name: v.string(), sha256: v.string() }),
        source: v.object({ database: v.string(), serverVersion: v.string(), snapshot: v.string() }),
      }),
    }),
  ),
  program: v.object({ version: v.string() }),
  runId: v.string(),
  recordedAt: v.string(),
});

/** What every Parquet file has one of. */
export type Lineage = v.InferOutput<typeof lineage>;

const lakeMonth = v.object({
  schemaVersion: v.literal(1),
  dataset: v.string(),
  month,
  state: v.picklist(["published", "withdrawn"]),
  /** That of the manifest. */
  revision: v.number(),
  /** The manifest's key. */
  manifest: v.string(),
  /** The month's Parquet files of all tenants, ordered by tenant; none if the month is withdrawn. */
  objects: v.array(v.object({ tenant: v.string(), ...address, rowCount: v.number() })),
  runId: v.string(),
  recordedAt: v.string(),
});

/** A month of a dataset in all tenants' buckets: it is there when this says so. */
export type LakeMonth = v.InferOutput<typeof lakeMonth>;

/** The part of a month's item. */
const MONTH = "month";

export class LineageTable {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #signal: AbortSignal;

  constructor(client: DynamoDBClient, table: string, signal: AbortSignal) {
    this.#client = client;
    this.#table = table;
    this.#signal = signal;
  }

  static async open({ aws, deadline }: Pick<Edge, "aws" | "deadline">, table: string): Promise<LineageTable> {
    const { DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
    return new LineageTable(new DynamoDBClient(aws.config), table, deadline.signal);
  }

  /** Records a file. If this very content is recorded already, its first record stays. */
  async record(item: Lineage): Promise<void> {
    const { bucket, key, sha256 } = item.object;
    await this.#put(uriOf(bucket, key), sha256, item, {
      ConditionExpression: "attribute_not_exists(subject)",
    });
  }

  /** Everything that was ever recorded at a key, one item for each content. */
  async find(bucket: string, key: string): Promise<readonly Lineage[]> {
    const uri = uriOf(bucket, key);
    return this.#attempt(`read the lineage of ${uri}`, async () => {
      const { QueryCommand } = await import("@aws-sdk/client-dynamodb");
      const { Items = [] } = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: "subject = :subject",
          ExpressionAttributeValues: { ":subject": { S: uri } },
          ConsistentRead: true,
        }),
        { abortSignal: this.#signal },
      );
      return Items.map((item) => v.parse(lineage, contentOf(item)));
    });
  }

  async readMonth(dataset: string, month: Month): Promise<LakeMonth | undefined> {
    return this.#attempt(`read the record of ${dataset} ${month}`, async () => {
      const { GetItemCommand } = await import("@aws-sdk/client-dynamodb");
      const { Item } = await this.#client.send(
        new GetItemCommand({
          TableName: this.#table,
          Key: { subject: { S: monthSubject(dataset, month) }, part: { S: MONTH } },
          ConsistentRead: true,
        }),
        { abortSignal: this.#signal },
      );
      return Item && v.parse(lakeMonth, contentOf(Item));
    });
  }

  /** @throws ConflictError if a later revision is recorded. */
  async writeMonth(record: LakeMonth): Promise<void> {
    const isWritten = await this.#put(monthSubject(record.dataset, record.month), MONTH, record, {
      ConditionExpression: "attribute_not_exists(subject) or revision <= :revision",
      ExpressionAttributeValues: { ":revision": { N: String(record.revision) } },
    });
    if (isWritten) return;
    throw new ConflictError(
      `another run has recorded a later revision of ${record.dataset} ${record.month}`,
      {
        hint: "Wait until the other run has ended; the next one continues from what is published.",
      },
    );
  }

  /** @returns false if the condition does not hold. */
  async #put(
    subject: string,
    part: string,
    content: Lineage | LakeMonth,
    condition: { ConditionExpression: string; ExpressionAttributeValues?: Record<string, AttributeValue> },
  ): Promise<boolean> {
    return this.#attempt(`record ${subject}`, async () => {
      const { PutItemCommand } = await import("@aws-sdk/client-dynamodb");
      const item = {
        ...{ subject: { S: subject }, part: { S: part }, content: { S: JSON.stringify(content) } },
        ...("revision" in content && { revision: { N: String(content.revision) } }),
      };
      try {
        await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item, ...condition }), {
          abortSignal: this.#signal,
        });
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === "ConditionalCheckFailedException") return false;
        throw error;
      }
    });
  }

  async #attempt<Result>(doing: string, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw this.#explain(error, doing);
    }
  }

  #explain(error: unknown, doing: string): unknown {
    const { aborted, reason } = this.#signal as { aborted: boolean; reason: unknown };
    if (aborted) {
      if (!(reason instanceof DeadlineError)) return reason;
      const { message, hint } = reason;
      return new DeadlineError(`${message}; DynamoDB did not ${doing} in time`, { hint, cause: reason });
    }
    if (!(error instanceof Error)) return error;
    if (isMisconfigured(error)) return misconfigured(error);
    const status =
      "$metadata" in error ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode : undefined;
    const isBusy = /Throttling|ThroughputExceeded|LimitExceeded|TransactionInProgress/.test(error.name);
    return new StorageError(`DynamoDB did not ${doing} in ${this.#table}: ${error.name}: ${error.message}`, {
      retry: isBusy || status === undefined || status >= 500,
      hint: hintFor(error.name, this.#table),
      cause: error,
    });
  }
}

function hintFor(name: string, table: string): string {
  if (name === "ResourceNotFoundException")
    return `Check LAKE_LINEAGE_TABLE: this account and region have no table ${table}.`;
  if (name === "AccessDeniedException") return `Check that the role may use the table ${table}.`;
  return "Wait a few minutes.";
}

function monthSubject(dataset: string, month: Month): string {
  return `month/${dataset}/${month}`;
}

function contentOf({ content }: Record<string, AttributeValue>): unknown {
  return JSON.parse(content?.S ?? "null");
}
