/** The lake of the local stack: a bucket for each tenant of tenants.json, and the lineage table. */
import { readFile } from "node:fs/promises";
import path from "node:path";

import type { LocalAws } from "./aws/server";
import { startLocalDynamoDb } from "./dynamodb";

/** The settings that the lake needs besides the AWS endpoints and credentials. */
export function lakeSettings(extractsBucket: string) {
  return {
    EXTRACT_BUCKET: extractsBucket,
    LAKE_BUCKETS: "lake-{tenant}",
    LAKE_LINEAGE_TABLE: "lineage",
  } as const;
}

export interface LocalLake {
  /** The settings and the endpoint for a run with this lake. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startLocalLake(aws: LocalAws, extractsBucket: string): Promise<LocalLake> {
  const settings = lakeSettings(extractsBucket);
  const dynamo = await startLocalDynamoDb(aws.clientConfig, settings.LAKE_LINEAGE_TABLE);
  const list = await readFile(path.join(__dirname, "..", "tenants.json"), "utf8");
  for (const { id } of JSON.parse(list) as { id: string }[])
    aws.createBucket(settings.LAKE_BUCKETS.replace("{tenant}", id), { versioning: true });
  return { environment: { ...dynamo.environment, ...settings }, stop: () => dynamo.stop() };
}
