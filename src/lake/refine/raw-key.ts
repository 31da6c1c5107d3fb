/** The keys of a tenant's own files, and of what is made of them. */
import { createHash } from "node:crypto";

import type { Month } from "../../platform/month";
import { partition } from "../keys";

const RAW = "raw/";

/** Where all tenants' own files are. */
export const RAW_FOLDER = RAW;

export interface RawName {
  /** Undefined if the key has no folder for one. */
  readonly dataset: string | undefined;
  readonly isGzip: boolean;
  /** Whether the file is CSV, by its extension. */
  readonly isCsv: boolean;
}

/** @param key `raw/transactions/2026-09-14.csv` or `.csv.gz`; further folders are part of the file's name. */
export function parseRawKey(key: string): RawName {
  const [, dataset] = /^raw\/([^/]+)\/./.exec(key) ?? [];
  return { dataset, isGzip: key.endsWith(".gz"), isCsv: /\.csv(\.gz)?$/.test(key) };
}

/** @param sha256 of the file's content. */
export function processedKey(dataset: string, month: Month, sha256: string): string {
  return `processed/${dataset}/${partition(month)}/${sha256}.ndjson`;
}

/** The report about a version of a raw file: `rejected/transactions/2026-09-14.csv.<id>.report.json`. */
export function reportKey(key: string, versionId: string): string {
  const id = createHash("sha256").update(versionId).digest("hex").slice(0, 16);
  return `rejected/${key.slice(RAW.length)}.${id}.report.json`;
}
