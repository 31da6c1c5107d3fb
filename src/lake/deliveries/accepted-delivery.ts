/**
 * A delivery that intake has accepted, as its report in `archive/` says. The lake reads it as any consumer does, by
 * docs/report.schema.json, and knows nothing of how a delivery is loaded.
 */
import * as v from "valibot";

import { StorageError } from "../../platform/errors";
import { type Month, monthOf } from "../../platform/month";
import type { Bucket } from "../buckets";
import { uriOf } from "../keys";

const object = { key: v.string(), versionId: v.nullable(v.string()) };

const accepted = v.looseObject({
  schemaVersion: v.literal(1),
  outcome: v.picklist(["loaded", "unchanged"]),
  /** The file as the bank wrote it, in `archive/`, where it is kept for longest. */
  file: v.object(object),
  sha256: v.string(),
  feed: v.string(),
  businessTime: v.string(),
  bankId: v.number(),
  loadNumber: v.string(),
  rejectedRecords: v.number(),
  /** What the file states of itself at its end. */
  figures: v.optional(v.array(v.object({ name: v.string(), stated: v.string() })), []),
  /** Missing if the content was loaded before, by another delivery. */
  stage: v.optional(v.object({ ...object, rowCount: v.number(), byteCount: v.number(), sha256: v.string() })),
});

export type AcceptedDelivery = v.InferOutput<typeof accepted>;

const report = v.pipe(v.string("there is no such object"), v.parseJson(), accepted);

/** @throws StorageError if there is no such report, or it is not that of an accepted delivery. */
export async function readAccepted(intake: Bucket, key: string): Promise<AcceptedDelivery> {
  const found = await intake.objects.read(key);
  const parsed = v.safeParse(report, found?.text);
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "report"}: ${issue.message}`);
  throw new StorageError(
    `${uriOf(intake.name, key)} is not the report of an accepted delivery: ${problems.join("; ")}`,
    {
      retry: false,
      hint: "Restore an earlier version of the object. Nothing was written to the lake.",
    },
  );
}

/** What the key of a report in `archive/` says. */
export interface ReportName {
  readonly key: string;
  /** The bank's folder. */
  readonly folder: string;
  readonly feed: string;
  /** The month of the business time, in UTC. */
  readonly month: Month;
}

export const ARCHIVE = "archive/";

const REPORT =
  /^archive\/([^/]+)\/([a-z][a-z0-9_]*)_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.[0-9a-f]{32}\.report\.json$/;

/** Undefined for other keys: of files, of rejected records, and of whatever else may be there. */
export function parseReportKey(key: string): ReportName | undefined {
  const [, folder, feed, year, month, day, hours, minutes, seconds] = REPORT.exec(key) ?? [];
  if (folder === undefined || feed === undefined) return undefined;
  const businessTime = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(businessTime) ? undefined : { key, folder, feed, month: businessMonth(businessTime) };
}

/** The first instant of a month is the end of the month before, as intake counts days. */
function businessMonth(businessTime: number): Month {
  return monthOf(new Date(businessTime - 1));
}
