/** A month's manifest: the only thing that says the month is there. Its JSON Schema is `docs/manifest.schema.json`. */
import * as v from "valibot";

import type { ExtractDefinition } from "./definition";
import { StorageError } from "../platform/errors";
import { type Month, monthPart, yearPart } from "../platform/month";
import type { ObjectVersion } from "../platform/bucket/object-store";

const totals = { rowCount: v.number(), loanCount: v.string(), loanTotal: v.string() };

const fileVersion = v.object({
  key: v.string(),
  /** Null in a bucket that keeps no versions. */
  versionId: v.nullable(v.string()),
  sha256: v.string(),
});

const manifestFile = v.object({
  bankId: v.number(),
  bankName: v.string(),
  ...fileVersion.entries,
  etag: v.string(),
  byteCount: v.number(),
  ...totals,
});

const manifest = v.object({
  schemaVersion: v.literal(1),
  extract: v.string(),
  month: v.string(),
  period: v.object({ from: v.string(), to: v.string() }),
  window: v.object({ from: v.string(), to: v.string() }),
  revision: v.number(),
  publishedAt: v.string(),
  runId: v.string(),
  source: v.object({ database: v.string(), serverVersion: v.string(), snapshot: v.string() }),
  query: v.object({ name: v.string(), sha256: v.string() }),
  program: v.object({ version: v.string() }),
  columns: v.array(v.string()),
  files: v.array(manifestFile),
  totals: v.object(totals),
  quality: v.object({
    loansWithoutAmount: v.number(),
    loansWithNegativeAmount: v.number(),
    loansWithoutDate: v.number(),
  }),
  history: v.array(v.object({ revision: v.number(), publishedAt: v.string(), files: v.array(fileVersion) })),
});

export type Manifest = v.InferOutput<typeof manifest>;
export type ManifestFile = v.InferOutput<typeof manifestFile>;

/** @param home where the extract lies in the bucket: the prefix with its folder. */
export function manifestKey(home: string, month: Month): string {
  return `${home}_manifests/${yearPart(month)}/${monthPart(month)}.json`;
}

/** @throws StorageError if the text is no manifest of schema version 1. */
export function parseManifest(key: string, text: string): Manifest {
  try {
    return v.parse(manifest, JSON.parse(text));
  } catch (cause) {
    throw new StorageError(`the manifest ${key} can't be read: ${(cause as Error).message}`, {
      hint: "Somebody or something else wrote it: bring back its last good version, then run the month again.",
      retry: false,
      cause,
    });
  }
}

/** Whether what lies at the file's key now is the version that the manifest names. */
export function isInPlace({ etag, versionId }: ManifestFile, present: ObjectVersion | undefined): boolean {
  return present?.etag === etag && present.versionId === versionId;
}

/** What is wrong if a manifest stands in the place of another one, a sentence. */
export function misplacement(
  key: string,
  { extract, month }: Manifest,
  expected: { readonly definition: ExtractDefinition; readonly month: Month },
): string | undefined {
  if (extract === expected.definition.name && month === expected.month) return undefined;
  return `${key} is the manifest of something else, ${extract} of ${month}`;
}
