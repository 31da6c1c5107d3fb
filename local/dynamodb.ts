/** A DynamoDB on this machine, by dynalite: in memory, for development and tests. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";

import type { ClientConfig } from "./aws/server";

export interface LocalDynamoDb {
  readonly endpoint: string;
  /** The environment variables that make the SDK clients of a process use this endpoint. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clientConfig: ClientConfig;
  /** The operations that were called, each once for each user agent: `PutItem aws-sdk-js/…`. */
  readonly operations: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** @param lineageTable is created, with the keys of the lake's lineage. */
export async function startLocalDynamoDb(
  { region, credentials }: Omit<ClientConfig, "endpoint">,
  lineageTable: string,
): Promise<LocalDynamoDb> {
  const { default: dynalite } = await import("dynalite");
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientConfig = { endpoint, region, credentials };
  const client = new DynamoDBClient(clientConfig);
  await client.send(
    new CreateTableCommand({
      TableName: lineageTable,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "subject", AttributeType: "S" },
        { AttributeName: "part", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "subject", KeyType: "HASH" },
        { AttributeName: "part", KeyType: "RANGE" },
      ],
    }),
  );
  client.destroy();
  const operations = new Set<string>();
  server.on("request", ({ headers }) => {
    const operation = String(headers["x-amz-target"]).replace(/^.*\./, "");
    operations.add(`${operation} ${headers["user-agent"] ?? ""}`);
  });
  return {
    operations,
    endpoint,
    environment: { AWS_ENDPOINT_URL_DYNAMODB: endpoint },
    clientConfig,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
