/**
 * `demo`: a month from start to finish, from a fresh clone. It starts a local stack and invents loans; banks deliver more of
 * them; then it invokes the extract's real handler with the schedule's event, and downloads the published files as a
 * consumer would. Last, it brings the month, the deliveries and a tenant's own file into the lake, and follows one Parquet
 * file back to its origin.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";

import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

import type { FileSummary } from "../src/extract/events";
import type { Summary } from "../src/extract/extract";
import { defaultExtract } from "../src/extract/definitions";
import { parseMonthManifest } from "../src/extract/month-manifest";
import type { LakeMonthSummary } from "../src/lake/lake-month";
import { listedFiles } from "../src/lake/listing";
import { originLines, originOf } from "../src/lake/origin";
import { openRefining, refineOne } from "../src/lake/refine/run";
import { openForReading, runLake } from "../src/lake/run";
import { parseRefineSettings } from "../src/lake/settings";
import { type AwsClients, awsClients } from "../src/platform/aws";
import { withDeadline } from "../src/platform/deadline";
import type { Edge } from "../src/platform/edge";
import { addMonths, firstDayOf, type Month } from "../src/platform/month";
import { deliverLoans } from "./deliveries";
import { lastClosedMonth, type LocalStack, startSeededStack } from "./stack";

const OUTPUT = "demo-output";
const TIME_LIMIT_MS = 600_000;

export interface DemoOptions {
  readonly loans: number | undefined;
  /** Stops the demo early and cleanly. */
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

export interface DemoResult {
  readonly month: Month;
  readonly files: readonly FileSummary[];
  readonly folder: string;
}

/** @returns what was published, and the folder that it is in. */
export async function demo({ loans, signal, print }: DemoOptions): Promise<DemoResult> {
  const say = (line: string) => {
    print(`${line}\n`);
  };
  const month = lastClosedMonth();
  say("Starting PostgreSQL, S3 and Secrets Manager on this machine, and inventing loans …");
  const stack = await startSeededStack(month, loans);
  try {
    signal.throwIfAborted();
    await deliverLoans(month, stack, signal, say);
    const summary = await invokeHandler(month, stack, signal, say);
    await showFiles(summary, stack, say);
    signal.throwIfAborted();
    await showLake(month, stack, signal, say);
    return { month, files: summary.months.flatMap(({ files }) => files), folder: OUTPUT };
  } finally {
    await stack.stop();
  }
}

type Say = (line: string) => void;

/** Invokes the handler in a process of its own, with an event whose scheduled time is in the month after. */
async function invokeHandler(
  month: Month,
  stack: LocalStack,
  signal: AbortSignal,
  say: Say,
): Promise<Summary> {
  const event = JSON.stringify({ scheduledTime: `${firstDayOf(addMonths(month, 1))}T03:00:00Z` });
  say(`\nInvoking the handler with ${event}\n`);
  const handler = spawn(process.execPath, ["--import", "tsx", path.join(__dirname, "invoke.ts"), event], {
    env: { ...process.env, ...stack.environment },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    signal,
  });
  const log = createInterface({ input: handler.stdout ?? process.stdin });
  log.on("line", (line) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    // Log lines without a message are metrics.
    if ("message" in entry) say(`  ${readable(entry)}`);
  });
  let summary: Summary | undefined;
  handler.on("message", (message) => (summary = message as Summary));
  await once(handler, "close");
  if (summary === undefined) throw new Error("the handler failed; see its log above");
  return summary;
}

/** A line of the structured log in readable form. */
function readable(entry: Readonly<Record<string, unknown>>): string {
  const { timestamp, message, key, rowCount, byteCount, host, database, status, manifest, error } = entry;
  const details = { host, database, key, rowCount, byteCount, status, manifest, error };
  const shown = Object.entries(details).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`],
  );
  return [String(timestamp).slice(11, 23), String(message).padEnd(11), shown.join(", ")].join("  ");
}

async function showFiles(summary: Summary, { aws, bucket }: LocalStack, say: Say): Promise<void> {
  const s3 = new S3Client({ ...aws.clientConfig, forcePathStyle: true });
  const fetchObject = async (Key: string, VersionId?: string): Promise<string> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, VersionId }));
    const text = (await Body?.transformToString()) ?? "";
    const file = path.join(OUTPUT, Key);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
    return text;
  };

  await rm(OUTPUT, { recursive: true, force: true });
  for (const { month, manifest: manifestKey } of summary.months) {
    const { files } = parseMonthManifest(defaultExtract, month, manifestKey, await fetchObject(manifestKey));
    const contents = await Promise.all(
      files.map(({ key, versionId }) => fetchObject(key, versionId ?? undefined)),
    );
    const width = Math.max(...files.map(({ key }) => key.length));
    say(`\n${"file".padEnd(width)}  ${"rows".padStart(8)}  ${"bytes".padStart(10)}`);
    for (const { key, rowCount, byteCount } of files) {
      say(`${key.padEnd(width)}  ${String(rowCount).padStart(8)}  ${String(byteCount).padStart(10)}`);
    }
    say(`\nThe first lines of ${files[0]?.key ?? ""}:\n`);
    say(contents[0]?.split("\n").slice(0, 6).join("\n") ?? "");
    say(`\nThe files are in ${OUTPUT}/; the month's manifest is ${OUTPUT}/${manifestKey}.`);
  }
  s3.destroy();
}

/** Brings the month, the banks' deliveries and a tenant's own file into the lake, and shows what came of it. */
async function showLake(month: Month, stack: LocalStack, signal: AbortSignal, say: Say): Promise<void> {
  const environment = stack.environment;
  const clients = awsClients(stack.aws.clientConfig);
  const endpoint = environment["AWS_ENDPOINT_URL_DYNAMODB"] ?? "";
  const aws: AwsClients = { ...clients, config: { ...stack.aws.clientConfig, endpoint } };
  await withDeadline(
    TIME_LIMIT_MS,
    "Use fewer loans.",
    async (deadline) => {
      const edge = { environment, aws, now: () => new Date(), runId: randomUUID(), deadline };
      say(`\nBringing ${month} into the lake: a Parquet file for each tenant …\n`);
      const [first] = await bring({ month, dataset: defaultExtract.name }, edge, say);
      say("\nBringing the loans that the banks have delivered into the lake …\n");
      await bring({ month, dataset: "loans" }, edge, say);
      await showOwnFile(month, stack, edge, say);
      const origin = await originOf(await openForReading(edge), `s3://${first.bucket}/${first.key}`);
      say("\nWhere the first file comes from, each SHA-256 computed again:\n");
      say(originLines(origin, (present) => `(${present})`).join("\n"));
      const bytes = await parquetOf(stack, first.bucket, first.key);
      const file = path.join(OUTPUT, "lake", `${first.tenant}.parquet`);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes);
      say(`\nThis file is ${file}, for DuckDB, pandas or Spark to read.`);
    },
    signal,
  );
}

type LakeObjects = LakeMonthSummary["objects"];

async function bring(
  input: object,
  edge: Edge,
  say: Say,
): Promise<readonly [LakeObjects[number], ...LakeObjects]> {
  const { months } = await runLake(input, edge);
  const [first, ...others] = months.flatMap(({ objects }) => objects);
  if (first === undefined) throw new Error("the lake has no files");
  for (const { bucket, key, rowCount } of [first, ...others])
    say(`${String(rowCount).padStart(8)} rows  s3://${bucket}/${key}`);
  return [first, ...others];
}

/** A tenant writes a file of its own, which becomes rows with calculated values. */
async function showOwnFile(month: Month, { aws }: LocalStack, edge: Edge, say: Say): Promise<void> {
  const refining = await openRefining(parseRefineSettings(edge.environment), edge);
  const { tenants, bucketOf } = refining.settings;
  const tenant = tenants.find(({ datasets }) => datasets.includes("transactions"));
  if (tenant === undefined) throw new Error("no tenant has transactions");
  const { bucket } = bucketOf(tenant);
  const key = `raw/transactions/${month}.csv`;
  const content = `id,booked_on,amount,currency,description
1,${month}-14,-12.50,EUR,"card, terminal 7"
2,${month}-15,1000.00,EUR,
`;
  say(`\nThe tenant ${tenant.id} writes transactions to its own bucket:\n`);
  const s3 = new S3Client({ ...aws.clientConfig, forcePathStyle: true });
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
  s3.destroy();
  const { file, status, rowCount = 0 } = await refineOne(refining, `s3://${bucket}/${key}`, "refine");
  say(`  ${file}  ${status}, ${rowCount} rows`);
  for (const listed of await listedFiles(refining.open(bucketOf(tenant))))
    if (listed.dataset === "transactions") say(`  s3://${listed.bucket}/${listed.key}`);
}

async function parquetOf({ aws }: LocalStack, Bucket: string, Key: string): Promise<Uint8Array> {
  const s3 = new S3Client({ ...aws.clientConfig, forcePathStyle: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  s3.destroy();
  return bytes;
}
