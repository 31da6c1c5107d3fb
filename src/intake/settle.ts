/**
 * The last step: the file, its rejected records and the report go to `archive/` or `error/`; then people and machines get
 * their messages, and the bank's own object goes. Repeated, it finds what is there and does the rest.
 */
import { stringify } from "csv-stringify/sync";

import type { ObjectStore } from "../platform/bucket/object-store";
import type { ObjectVersions } from "../platform/bucket/object-versions";
import { withUploads } from "../platform/bucket/uploads";
import { StorageError } from "../platform/errors";
import { type Arrival, keyIn, mediaTypeOf, type ObjectAt } from "./arrival";
import { parseDeliveryName } from "./delivery";
import {
  areaOf,
  type Failure,
  type FoundReport,
  type Outcome,
  readReport,
  type Report,
  reportKey,
  type StagedRows,
} from "./report";
import { type LoadResult, readResult } from "./result-object";
import type { RejectedRecord } from "./result";

export interface SettleRequest {
  readonly arrival: Arrival;
  /** Where the result of loading is; missing if loading has failed. */
  readonly result?: ObjectAt | undefined;
  readonly staged?: StagedRows | undefined;
  /** Why a step has failed. */
  readonly failure?: Failure | undefined;
}

export interface SettleContext {
  readonly objects: ObjectStore;
  readonly bucket: ObjectVersions;
  readonly now: Date;
  readonly runId: string;
}

/**
 * Writes what is kept of a delivery. What is settled stays as it is: a delivery that was archived is archived for good, and
 * a rejected or failed one changes only when it is loaded, or when somebody takes it again.
 *
 * @returns the report that holds now; undefined if there is nothing to keep, because the file could not be received.
 */
export async function settle(
  request: SettleRequest,
  context: SettleContext,
): Promise<FoundReport | undefined> {
  const { arrival } = request;
  const { objects } = context;
  const { raw } = arrival;
  if (raw === undefined) return undefined;
  const archived = await readReport(objects, reportKey("loaded", arrival));
  const settled = archived ?? (await settleNow(request, raw, context));
  if (areaOf(settled.report.outcome) === "archive") await leaveError(arrival, context);
  return settled;
}

async function settleNow(
  { result: resultAt, ...request }: SettleRequest,
  raw: NonNullable<Arrival["raw"]>,
  context: SettleContext,
): Promise<FoundReport> {
  const { arrival, failure } = request;
  const refused = await readReport(context.objects, reportKey("rejected", arrival));
  const result = resultAt && (await readResult(context.objects, resultAt));
  const outcome: Outcome = failure === undefined ? (result?.outcome ?? "failed") : "failed";
  return keeps(refused, outcome, arrival)
    ? refused
    : write({ ...request, outcome, result }, raw, refused, context);
}

/** Whether the report of a delivery that was not loaded stays, whatever has happened now. */
function keeps(
  before: FoundReport | undefined,
  outcome: Outcome,
  { isReplay = false }: Arrival,
): before is FoundReport {
  if (before === undefined || areaOf(outcome) === "archive") return false;
  if (before.report.outcome === outcome) return !isReplay;
  // A failure says less of the file than its rejection.
  return before.report.outcome === "rejected";
}

export type Settlement = Omit<SettleRequest, "result"> & {
  readonly outcome: Outcome;
  readonly result: LoadResult | undefined;
};

async function write(
  settlement: Settlement,
  raw: NonNullable<Arrival["raw"]>,
  before: FoundReport | undefined,
  { objects, bucket, now, runId }: SettleContext,
): Promise<FoundReport> {
  const { arrival, outcome, result } = settlement;
  const area = areaOf(outcome);
  const fileKey = keyIn(area, arrival);
  const source = { bucket: bucket.bucket, ...raw };
  const file = await bucket.copyHere(source, fileKey, arrival.id, mediaTypeOf(fileKey));
  if (file === undefined) {
    throw new StorageError(`s3://${bucket.bucket}/${raw.key} is gone before it was settled`, {
      retry: false,
      hint: "Restore the object's version, then take the delivery again.",
    });
  }
  const rejects = await writeRejects(objects, keyIn(area, arrival, "rejects.csv"), result?.rejects ?? []);
  const key = reportKey(outcome, arrival);
  const report = reportOf(settlement, raw, {
    file: { key: file.key, versionId: file.versionId },
    ...(rejects && { rejects }),
    settledAt: now.toISOString(),
    runId,
  });
  const replaces = before?.key === key ? before.version : undefined;
  const version = await objects.putJson(key, `${JSON.stringify(report, null, 2)}\n`, replaces);
  return { key, version, report };
}

/** The report's content, by `docs/report.schema.json`. */
export function reportOf(
  { arrival, outcome, result, staged, failure }: Settlement,
  raw: NonNullable<Arrival["raw"]>,
  rest: Pick<Report, "file" | "rejects" | "settledAt" | "runId">,
): Report {
  const name = parseDeliveryName(arrival.key);
  const { counts, figures, sha256, problems = [], durationsMs } = result ?? {};
  return {
    schemaVersion: 1,
    outcome,
    delivery: arrival.id,
    key: arrival.key,
    ...(!("problem" in name) && { bank: name.bank, feed: name.feed, businessTime: name.businessTime }),
    ...(arrival.landing && { landing: arrival.landing }),
    raw: { key: raw.key, versionId: raw.versionId },
    ...rest,
    ...(staged && { stage: staged }),
    ...(sha256 !== undefined && { sha256 }),
    byteCount: raw.byteCount,
    ...(counts && { counts }),
    ...(figures && { figures }),
    problems,
    problemCount: result?.problemCount ?? problems.length,
    rejectedRecords: result?.rejectedRecords ?? 0,
    ...(failure && { failure }),
    ...(durationsMs && { durationsMs }),
  };
}

/** One line for each record that was not loaded: its line in the file, why, and the record as it came. */
async function writeRejects(
  objects: ObjectStore,
  key: string,
  rejects: readonly RejectedRecord[],
): Promise<ObjectAt | undefined> {
  if (rejects.length === 0) return undefined;
  const rows = rejects.map(({ line, reasons, record }) => [line, reasons.join("; "), record]);
  const csv = stringify([["line", "reasons", "record"], ...rows]);
  return withUploads(objects, async (uploads) => {
    const before = await objects.head(key);
    const { versionId } = await uploads.complete(await uploads.stage(key, once(csv)), before);
    return { key, versionId };
  });
}

async function* once(text: string): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield Buffer.from(text);
}

/** A delivery is in one place: what was archived leaves `error/`, where its objects stay readable by their versions. */
async function leaveError(arrival: Arrival, { objects }: SettleContext): Promise<void> {
  // The report goes first: without it, the others are nothing that anybody finds.
  for (const extension of ["report.json", "rejects.csv", undefined]) {
    const key = keyIn("error", arrival, extension);
    const version = await objects.head(key);
    if (version !== undefined) await objects.remove(key, version);
  }
}
