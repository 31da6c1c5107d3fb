/** A DynamoDB table of JSON documents with the keys `subject` and `part`, written by conditional puts and never deleted. */
import type { AttributeValue, DynamoDBClient, QueryCommandOutput } from "@aws-sdk/client-dynamodb";

import { isMisconfigured, misconfigured } from "../platform/aws";
import type { Edge } from "../platform/edge";
import { DeadlineError, StorageError } from "../platform/errors";

export interface Item {
  readonly part: string;
  /** Parsed, and not checked. */
  readonly content: unknown;
}

/**
 * When a put is carried out: `first` if nothing is there; `not older` if what is there has no later revision; `after` if
 * what is there has this revision.
 */
export type Condition = { readonly if: "first" | "not older" } | { readonly if: "after"; revision: number };

export class ItemTable {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #signal: AbortSignal;

  constructor(client: DynamoDBClient, table: string, signal: AbortSignal) {
    this.#client = client;
    this.#table = table;
    this.#signal = signal;
  }

  static async open({ aws, deadline }: Pick<Edge, "aws" | "deadline">, table: string): Promise<ItemTable> {
    const { DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
    return new ItemTable(new DynamoDBClient(aws.config), table, deadline.signal);
  }

  /** The content of one item; undefined if there is none. */
  async get(subject: string, part: string): Promise<unknown> {
    return this.#attempt(`read the record of ${subject}`, async () => {
      const { GetItemCommand } = await import("@aws-sdk/client-dynamodb");
      const { Item } = await this.#client.send(
        new GetItemCommand({
          TableName: this.#table,
          Key: { subject: { S: subject }, part: { S: part } },
          ConsistentRead: true,
        }),
        { abortSignal: this.#signal },
      );
      return Item && contentOf(Item);
    });
  }

  /** All items of a subject, ordered by part. */
  async query(subject: string): Promise<readonly Item[]> {
    return this.#attempt(`read the records of ${subject}`, async () => {
      const { QueryCommand } = await import("@aws-sdk/client-dynamodb");
      const items: Item[] = [];
      let after: Record<string, AttributeValue> | undefined;
      do {
        const page: QueryCommandOutput = await this.#client.send(
          new QueryCommand({
            TableName: this.#table,
            KeyConditionExpression: "subject = :subject",
            ExpressionAttributeValues: { ":subject": { S: subject } },
            ExclusiveStartKey: after,
            ConsistentRead: true,
          }),
          { abortSignal: this.#signal },
        );
        for (const item of page.Items ?? [])
          items.push({ part: item["part"]?.S ?? "", content: contentOf(item) });
        after = page.LastEvaluatedKey;
      } while (after !== undefined);
      return items;
    });
  }

  /** @returns false if the condition does not hold. */
  async put(subject: string, part: string, content: object, condition: Condition): Promise<boolean> {
    return this.#attempt(`record ${subject}`, async () => {
      const { PutItemCommand } = await import("@aws-sdk/client-dynamodb");
      const item = {
        ...{ subject: { S: subject }, part: { S: part }, content: { S: JSON.stringify(content) } },
        ...("revision" in content && { revision: { N: String(content.revision) } }),
      };
      const command = new PutItemCommand({
        TableName: this.#table,
        Item: item,
        ...expressionOf(condition, item.revision),
      });
      try {
        await this.#client.send(command, { abortSignal: this.#signal });
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

function expressionOf(condition: Condition, revision: AttributeValue | undefined) {
  if (condition.if === "after") {
    const before = { N: String(condition.revision) };
    return {
      ConditionExpression: "revision = :revision",
      ExpressionAttributeValues: { ":revision": before },
    };
  }
  if (condition.if === "first" || revision === undefined)
    return { ConditionExpression: "attribute_not_exists(subject)" };
  return {
    ConditionExpression: "attribute_not_exists(subject) or revision <= :revision",
    ExpressionAttributeValues: { ":revision": revision },
  };
}

function hintFor(name: string, table: string): string {
  if (name === "ResourceNotFoundException")
    return `Check LAKE_LINEAGE_TABLE: this account and region have no table ${table}.`;
  if (name === "AccessDeniedException") return `Check that the role may use the table ${table}.`;
  return "Wait a few minutes.";
}

function contentOf({ content }: Record<string, AttributeValue>): unknown {
  return JSON.parse(content?.S ?? "null");
}
