/** The local stack: a real PostgreSQL, the AWS endpoint, and the settings for a run with them. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Client } from "pg";

import { addMonths, firstDayOf, lastDayOf, type Month, monthOf } from "../src/platform/month";
import { type LocalAws, startLocalAws } from "./aws/server";
import { startLocalLake } from "./lake";
import { type PostgresServer, startPostgres } from "./postgres";
import { seed, smallSeed } from "./seed";

export interface LocalStack {
  readonly postgres: PostgresServer;
  readonly aws: LocalAws;
  /** The owner's database. */
  readonly database: string;
  /** The login of the extract, which may only read. */
  readonly reader: { readonly username: string; readonly password: string };
  readonly bucket: string;
  /** Where banks write. */
  readonly landingBucket: string;
  /** The settings of docs/contract.md, section 5, for a run with this stack. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const DATABASE = "ods";
const BUCKET = "loan-extracts";
const SECRET_ID = "bank-batch/local";
const LANDING_BUCKET = "landing";
const INTAKE_BUCKET = "intake";
const INTAKE_SECRET_ID = "bank-batch/local-intake";

/** Starts both, and fills the database by `prepare`, which gets a connection as the owner. */
export async function startStack(prepare: (owner: Client) => Promise<void>): Promise<LocalStack> {
  const [postgres, aws] = await Promise.all([startPostgres(), startLocalAws()]);
  const lake = await startLocalLake(aws, BUCKET);
  const stop = async () => {
    await Promise.all([aws.close(), lake.stop(), postgres.stop()]);
  };
  try {
    const admin = await postgres.connect("postgres");
    await admin.query(`create database ${DATABASE}`);
    await admin.end();
    const owner = await postgres.connect(DATABASE);
    await prepare(owner);
    const reader = await createReader(owner);
    const loader = await createLoader(owner);
    await owner.end();

    const { host, port } = postgres;
    aws.createBucket(BUCKET, { versioning: true });
    aws.putSecret(SECRET_ID, { engine: "postgres", ...reader, host, port, dbname: DATABASE });
    for (const bucket of [LANDING_BUCKET, INTAKE_BUCKET]) aws.createBucket(bucket, { versioning: true });
    aws.putSecret(INTAKE_SECRET_ID, { engine: "postgres", ...loader, host, port, dbname: DATABASE });
    const environment = {
      ...aws.environment,
      ...lake.environment,
      ...settings(BUCKET, SECRET_ID),
      INTAKE_DB_SECRET_ID: INTAKE_SECRET_ID,
      LANDING_BUCKET,
      INTAKE_BUCKET,
      NOTIFY_TOPIC_ARN: aws.createTopic("notify"),
      INTAKE_TOPIC_ARN: aws.createTopic("intake"),
    };
    return {
      ...{ postgres, aws, database: DATABASE, bucket: BUCKET, landingBucket: LANDING_BUCKET },
      ...{ reader, environment, stop },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function lastClosedMonth(): Month {
  return addMonths(monthOf(new Date()), -1);
}

/** Starts the stack with loans of the 14 months that end with `lastMonth`. */
export function startSeededStack(
  lastMonth: Month,
  loans: number = smallSeed.loans,
  observe: (step: string) => void = () => undefined,
): Promise<LocalStack> {
  const [from, to] = [firstDayOf(addMonths(lastMonth, -13)), lastDayOf(lastMonth)];
  return startStack((owner) => seed(owner, { ...smallSeed, loans, from, to }, observe));
}

/** The settings that a run needs besides the AWS endpoint and credentials. */
export function settings(bucket: string, secretId: string): Record<string, string> {
  return { DB_SECRET_ID: secretId, DB_SSL: "disable", EXTRACT_BUCKET: bucket };
}

/** Creates a role that may read the tables and nothing else, like the role of the extract. */
export async function createReader(owner: Client): Promise<{ username: string; password: string }> {
  const [username, password] = [
    `extract_${randomBytes(4).toString("hex")}`,
    randomBytes(18).toString("base64url"),
  ];
  await owner.query(`create role ${username} login password ${owner.escapeLiteral(password)}`);
  await owner.query(`grant select on all tables in schema public to ${username}`);
  return { username, password };
}

/** Creates intake's schema, and a user with the rights of its role: those to load deliveries and nothing else. */
export async function createLoader(owner: Client): Promise<{ username: string; password: string }> {
  await owner.query(await readFile(path.join(__dirname, "..", "sql", "intake", "schema.sql"), "utf8"));
  const [username, password] = [
    `intake_${randomBytes(4).toString("hex")}`,
    randomBytes(18).toString("base64url"),
  ];
  await owner.query(
    `create role ${username} login password ${owner.escapeLiteral(password)} in role intake_writer`,
  );
  return { username, password };
}
