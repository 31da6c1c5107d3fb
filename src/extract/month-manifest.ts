/** The manifest of a month: the month is published when it exists. Its JSON Schema is `docs/manifest.schema.json`. */
import * as v from "valibot";

import type { ObjectStore, ObjectVersion } from "../platform/bucket/object-store";
import { StorageError } from "../platform/errors";
import { addMonths, firstDayOf, lastDayOf, type Month } from "../platform/month";
import {
  historyOf,
  type ManifestCore,
  manifestEntries,
  type Motive,
  motiveOf,
  parseManifest,
  type PublishedFile,
  publishedFileEntries,
} from "../platform/publication/manifest";
import { addTotals, columnNames, type ExtractDefinition, formatTotals } from "./definition";
import type { BankFile } from "./month-files";
import { type Layout, manifestKey } from "./object-key";

/** A bank file, with the definition's measures as decimal strings: they may exceed what a JSON number can represent. */
export type ManifestFile = PublishedFile & {
  readonly bankId: number;
  readonly bankName: string;
  readonly [measure: string]: string | number | null;
};

export interface Manifest extends ManifestCore {
  readonly extract: string;
  readonly month: string;
  readonly period: { readonly from: string; readonly to: string };
  readonly window: { readonly from: string; readonly to: string };
  readonly files: readonly ManifestFile[];
  readonly totals: { readonly rowCount: number; readonly [measure: string]: string | number };
  readonly quality: Readonly<Record<string, number>>;
}

/** What a run adds to a manifest beside its files. */
export interface Provenance {
  readonly runId: string;
  /** When the run began with the month. */
  readonly startedAt: Date;
  readonly publishedAt: Date;
  readonly programVersion: string;
  readonly source: ManifestCore["source"];
  readonly quality: Manifest["quality"];
  readonly motive: Motive;
}

const period = v.object({ from: v.string(), to: v.string() });

function schemaOf({ reconciliation }: ExtractDefinition) {
  const measures = Object.fromEntries(reconciliation.measures.map(({ name }) => [name, v.string()]));
  const quality = Object.fromEntries(reconciliation.quality.map((name) => [name, v.number()]));
  return v.object({
    ...manifestEntries,
    extract: v.string(),
    month: v.string(),
    period,
    window: period,
    files: v.array(
      v.object({ bankId: v.number(), bankName: v.string(), ...publishedFileEntries, ...measures }),
    ),
    totals: v.object({ rowCount: v.number(), ...measures }),
    quality: v.object(quality),
  });
}

/** @throws StorageError if the text is not a manifest of this extract and month. */
export function parseMonthManifest(
  definition: ExtractDefinition,
  month: Month,
  key: string,
  text: string,
): Manifest {
  const manifest = parseManifest(schemaOf(definition), key, text) as Manifest;
  if (manifest.extract === definition.name && manifest.month === month) return manifest;
  throw new StorageError(`${key} is the manifest of ${manifest.extract} of ${manifest.month}`, {
    hint: "Another program or person has overwritten it: restore its last good version.",
    retry: false,
  });
}

/** A month's manifest as a reader finds it: missing, unreadable with the reason as a sentence, or readable. */
export type FoundManifest = { readonly key: string } & (
  | { readonly state: "missing" }
  | { readonly state: "unreadable"; readonly problem: string; readonly error: StorageError }
  | { readonly state: "readable"; readonly manifest: Manifest }
);

/** @throws StorageError if S3 refuses the request. */
export async function findManifest(
  objects: ObjectStore,
  layout: Layout,
  definition: ExtractDefinition,
  month: Month,
): Promise<FoundManifest> {
  const key = manifestKey(layout, definition.folder, month);
  const found = await objects.read(key);
  if (found === undefined) return { key, state: "missing" };
  try {
    return { key, state: "readable", manifest: parseMonthManifest(definition, month, key, found.text) };
  } catch (error) {
    if (error instanceof StorageError) return { key, state: "unreadable", problem: error.message, error };
    throw error;
  }
}

/** The manifest of a month whose objects have these versions. */
export function describeMonth(
  definition: ExtractDefinition,
  month: Month,
  files: readonly BankFile[],
  versionOf: (key: string) => ObjectVersion,
  { revision, replaced }: { readonly revision: number; readonly replaced: Manifest | undefined },
  { runId, startedAt, publishedAt, programVersion, source, quality, motive }: Provenance,
): Manifest {
  const { name, statement, windowMonths } = definition;
  const totals = addTotals(
    definition,
    files.map((file) => file.totals),
  );
  return {
    schemaVersion: 1,
    extract: name,
    month,
    period: { from: firstDayOf(month), to: lastDayOf(month) },
    window: { from: firstDayOf(addMonths(month, 1 - windowMonths)), to: lastDayOf(month) },
    state: "published",
    revision,
    ...motiveOf(motive),
    publishedAt: publishedAt.toISOString(),
    durationMs: Math.max(0, publishedAt.getTime() - startedAt.getTime()),
    runId,
    source,
    query: { name: statement.name, sha256: statement.sha256 },
    program: { version: programVersion },
    columns: columnNames(definition),
    files: files.map(({ bank, key, byteCount, rowCount, sha256, totals: measures }): ManifestFile => {
      const { versionId, etag } = versionOf(key);
      return {
        ...{ bankId: bank.id, bankName: bank.name, key, versionId, etag, byteCount, rowCount, sha256 },
        ...formatTotals(definition, measures),
      };
    }),
    totals: {
      rowCount: files.reduce((sum, { rowCount }) => sum + rowCount, 0),
      ...formatTotals(definition, totals),
    },
    quality,
    history: historyOf(replaced),
  };
}

/** The manifest of a month that is taken back: it has no files, and its history names those that it had. */
export function describeWithdrawal(
  definition: ExtractDefinition,
  replaced: Manifest,
  { runId, publishedAt, programVersion, motive }: Omit<Provenance, "startedAt" | "source" | "quality">,
): Manifest {
  return {
    ...replaced,
    state: "withdrawn",
    revision: replaced.revision + 1,
    by: motive.by,
    reason: motive.reason,
    publishedAt: publishedAt.toISOString(),
    runId,
    program: { version: programVersion },
    files: [],
    totals: { rowCount: 0, ...formatTotals(definition, addTotals(definition, [])) },
    history: historyOf(replaced),
  };
}

/** A sentence about a withdrawn month, without its full stop. */
export function withdrawalOf({ month, publishedAt, by, reason }: Manifest): string {
  const who = by === undefined ? "" : ` by ${by}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `${month} was withdrawn on ${publishedAt.slice(0, 10)}${who}${why}`;
}
