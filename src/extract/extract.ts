/**
 * The main path, top to bottom: credentials → one snapshot → rows → CSV → one staged upload a bank → reconciled →
 * published. What enters has been checked before (`run.ts`), and all that it talks to is handed in.
 */
import { createHash } from "node:crypto";

import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import type { Config } from "./settings";
import { credentialsToTry } from "../platform/database/credentials";
import { type Connection, type Snapshot, withConnection } from "../platform/database/database";
import type { Deadline } from "../platform/deadline";
import { ConflictError, DeadlineError, ExtractError, QueryError } from "../platform/errors";
import { GroupedRows } from "./grouped-rows";
import { makeFiles } from "./month-files";
import { firstDayOf, type Month, monthPart, yearPart } from "../platform/month";
import { type Bank, bankKeyNames, objectKey } from "./object-key";
import {
  isIntact,
  type MadeFile,
  planPublication,
  type Provenance,
  publish,
  readMonthState,
} from "./publication";
import { type Controls, readBankTotals, readControls, reconcile } from "./reconciliation";
import type { Request } from "./request";
import { type MonthSummary, Progress, type RunEvent } from "./run-event";
import { readStatement } from "../platform/statement";
import type { ObjectStore, OpenUpload } from "../platform/bucket/object-store";

/** What a run works with: its settings and the world around it. */
export interface Run {
  /** Of this run alone: a second attempt is another run. */
  readonly runId: string;
  readonly config: Config;
  readonly secretsManager: SecretsManagerClient;
  readonly openObjects: () => Promise<ObjectStore>;
  readonly deadline: Deadline;
  readonly now: () => Date;
  readonly observe: (event: RunEvent) => void;
}

/** What a run did, or would do; the Lambda returns it, and `--json` prints it. */
export interface Summary {
  readonly runId: string;
  readonly extract: string;
  readonly dryRun?: true;
  readonly months: readonly MonthSummary[];
}

/**
 * Extracts the months asked for, each published by itself and in order, from one snapshot.
 *
 * @throws any of `errors.ts`. A month in which it fails is left as it was; the months before it stay published and
 *   are named in the error. No upload is left open, no connection either.
 */
export async function extract(request: Request, run: Run): Promise<Summary> {
  const done: MonthSummary[] = [];
  const progress = new Progress();
  const observe = (event: RunEvent) => {
    progress.observe(event);
    run.observe(event);
  };
  try {
    await extractMonths(request, { ...run, observe }, done);
    return {
      runId: run.runId,
      extract: request.extract.name,
      ...(request.dryRun && { dryRun: true }),
      months: done,
    };
  } catch (error) {
    const { signal } = run.deadline;
    const failure = signal.aborted ? late(signal.reason, progress) : error;
    if (failure instanceof ExtractError) failure.monthsDone = done.map(({ month }) => month);
    throw failure;
  }
}

/** Whatever failed once the time was up failed because of that. */
function late(reason: unknown, progress: Progress): unknown {
  if (!(reason instanceof DeadlineError)) return reason;
  const { hint } = reason;
  return new DeadlineError(`${reason.message}; it came ${progress.describe()}`, { hint, cause: reason });
}

async function extractMonths(request: Request, run: Run, done: MonthSummary[]): Promise<void> {
  const { config, deadline } = run;
  const candidates = credentialsToTry(run.secretsManager, config.database, deadline.signal);
  await withConnection(config.database, candidates, deadline, async (connection) => {
    run.observe({ step: "connected", host: connection.host, database: connection.database });
    if (!request.dryRun) await lockMonths(connection, request, run);
    const snapshot = await connection.openSnapshot();
    const source = await readSource(snapshot);
    const banks = await readBanks(snapshot);
    const controls = await readControls(snapshot, request.months);
    const rows = readRows(snapshot, request);
    // S3's client is loaded, and the bucket looked at, while the database computes.
    const material = { snapshot, banks, controls, rows, source, objects: await run.openObjects() };

    for (const month of request.months) done.push(await extractMonth(month, request, run, material));
  });
}

interface MonthMaterial {
  readonly snapshot: Snapshot;
  readonly banks: readonly KeyedBank[];
  readonly controls: Controls;
  readonly rows: GroupedRows;
  readonly source: Provenance["source"];
  readonly objects: ObjectStore;
}

/** A bank with its name as it stands in keys. */
interface KeyedBank extends Bank {
  readonly keyName: string;
}

async function extractMonth(
  month: Month,
  { extract: definition, restate, dryRun }: Request,
  run: Run,
  { snapshot, banks, controls, rows, source, objects }: MonthMaterial,
): Promise<MonthSummary> {
  const { prefix, keyLayout, lineEnding } = run.config.storage;
  const home = prefix + definition.folder;
  const keyed = banks.map(({ keyName, ...bank }) => ({
    ...bank,
    key: objectKey(home, keyLayout, keyName, month),
  }));
  const keys = keyed.map(({ key }) => key);

  const [before, leftOver] = await Promise.all([
    readMonthState(objects, home, month, keys),
    dryRun ? [] : objects.openUploads(keys),
  ]);
  await abortAll(objects, leftOver);
  // A published month that may not change has no use for uploads: its bytes are made and compared.
  const stage = !dryRun && (restate || !isIntact(before));

  const made = await makeFiles(rows, {
    ...{ definition, month, banks: keyed, lineEnding, observe: run.observe },
    stagedIn: stage ? objects : undefined,
  });
  const files = made.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  try {
    for (const each of made) if (each.status === "rejected") throw each.reason;
    const { quality } = await reconcile(definition, month, files, controls, async () => {
      await rows.skip();
      return readBankTotals(snapshot, month);
    });
    run.observe({ step: "reconciled", month });

    const plan = planPublication(files, before, restate);
    if (!dryRun) {
      await publish(objects, plan, {
        definition,
        runId: run.runId,
        publishedAt: run.now(),
        source,
        quality,
      });
      await abortAll(objects, openUploadsOf(files.filter((file) => !plan.write.includes(file))));
    }
    const summary = {
      month,
      status: plan.status,
      revision: plan.revision,
      manifest: before.manifestKey,
      files: files.map(({ key, tally: { rowCount, byteCount } }) => ({ key, rowCount, byteCount })),
    };
    run.observe({ step: "done", dryRun, ...summary });
    return summary;
  } catch (error) {
    await abortAll(objects, openUploadsOf(files));
    throw error;
  }
}

function openUploadsOf(files: readonly MadeFile[]): OpenUpload[] {
  return files.flatMap(({ staged }) => staged ?? []);
}

/** What can't be aborted now is found by the next run of the month, and by the bucket's lifecycle rule. */
async function abortAll(objects: ObjectStore, uploads: readonly OpenUpload[]): Promise<void> {
  await Promise.allSettled(uploads.map((upload) => objects.abort(upload)));
}

/**
 * Keeps a second run of these months away early, if it reads from the same server; if it doesn't, the conditional
 * writes decide. It comes before the snapshot, so that nobody publishes data older than what was published last.
 */
async function lockMonths(
  connection: Connection,
  { extract: definition, months }: Request,
  { config }: Run,
): Promise<void> {
  const { bucket, prefix } = config.storage;
  const space = createHash("sha256")
    .update(`${definition.name} s3://${bucket}/${prefix}`)
    .digest()
    .readInt32BE();
  for (const month of months) {
    if (await connection.tryLock(space, Number(`${yearPart(month)}${monthPart(month)}`))) continue;
    throw new ConflictError(`another run of ${month} is under way`, {
      hint: "Let it end, then run the month again if it is still needed.",
    });
  }
}

async function readSource(snapshot: Snapshot): Promise<Provenance["source"]> {
  const [row] = await snapshot.query(readStatement("extract/source.sql"));
  const [database, serverVersion, instant] = row ?? [];
  return { database: database ?? "", serverVersion: serverVersion ?? "", snapshot: instant ?? "" };
}

async function readBanks(snapshot: Snapshot): Promise<KeyedBank[]> {
  const rows = await snapshot.query(readStatement("extract/banks.sql"));
  if (rows.length === 0) {
    throw new QueryError("the table bank is empty, so there is no file to make", {
      hint: "Check DB_NAME and DB_SCHEMA: is this the group's operational data store?",
    });
  }
  const banks = rows.map(([id, name]) => ({ id: Number(id), name: name ?? "" }));
  const keyNames = bankKeyNames(banks);
  return banks.map((bank) => ({ ...bank, keyName: keyNames.get(bank.id) ?? "" }));
}

/** One pass over the data for all months and banks, in the order in which the files are made. */
function readRows(snapshot: Snapshot, { extract: { statement }, months }: Request): GroupedRows {
  const [first, last] = [months[0], months[months.length - 1] ?? months[0]];
  return new GroupedRows(snapshot.stream(statement, [firstDayOf(first), firstDayOf(last)]));
}
