/**
 * What every manifest says, whichever pipeline publishes: which objects, in which versions, made by whom from what. A
 * pipeline adds its own entries and checks both together (`extract/month-manifest.ts`).
 */
import * as v from "valibot";

import type { ObjectVersion } from "../bucket/object-store";
import { versionOrNull } from "../bucket/version-id";
import { StorageError } from "../errors";

/** Who made a revision, and why, in their own words. */
const motiveEntries = { by: v.optional(v.string()), reason: v.optional(v.string()) };

/** A version of a file: the smallest part of what a manifest says of it. */
const fileVersionEntries = {
  key: v.string(),
  /** Null if the object was written while the bucket had no versioning. */
  versionId: v.nullable(v.string()),
  /** SHA-256 of the bytes in hexadecimal. */
  sha256: v.string(),
};

export const publishedFileEntries = {
  ...fileVersionEntries,
  etag: v.string(),
  byteCount: v.number(),
  rowCount: v.number(),
};

export const manifestEntries = {
  schemaVersion: v.literal(1),
  /** A withdrawn publication has no files. */
  state: v.optional(v.picklist(["published", "withdrawn"]), "published"),
  /** 1, then one more for each time the publication was changed. */
  revision: v.number(),
  ...motiveEntries,
  publishedAt: v.string(),
  /** How long the run worked on it, in milliseconds; other programs than this one may leave it out. */
  durationMs: v.optional(v.number()),
  runId: v.string(),
  source: v.object({ database: v.string(), serverVersion: v.string(), snapshot: v.string() }),
  query: v.object({ name: v.string(), sha256: v.string() }),
  program: v.object({ version: v.string() }),
  columns: v.array(v.string()),
  /** The revisions before this one, the oldest first. */
  history: v.array(
    v.object({
      ...{ revision: v.number(), publishedAt: v.string(), ...motiveEntries },
      files: v.array(v.object(fileVersionEntries)),
    }),
  ),
};

export type Motive = v.InferOutput<v.ObjectSchema<typeof motiveEntries, undefined>>;
export type FileVersion = v.InferOutput<v.ObjectSchema<typeof fileVersionEntries, undefined>>;
export type PublishedFile = v.InferOutput<v.ObjectSchema<typeof publishedFileEntries, undefined>>;
export type ManifestCore = v.InferOutput<v.ObjectSchema<typeof manifestEntries, undefined>> & {
  readonly files: readonly PublishedFile[];
};

/** @throws StorageError if the text is not a manifest of this schema. */
export function parseManifest<Schema extends v.GenericSchema>(
  schema: Schema,
  key: string,
  text: string,
): v.InferOutput<Schema> {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw new StorageError(`the manifest ${key} can't be read: ${(cause as Error).message}`, {
      hint: "Another program or person has overwritten it: restore its last good version.",
      retry: false,
      cause,
    });
  }
}

/** Whether the file's key holds the version that the manifest names. */
export function isInPlace({ etag, versionId }: PublishedFile, present: ObjectVersion | undefined): boolean {
  return present?.etag === etag && versionOrNull(present.versionId) === versionOrNull(versionId);
}

/** What a manifest keeps of the revision that it replaces. */
export function historyOf(replaced: ManifestCore | undefined): ManifestCore["history"] {
  if (replaced === undefined) return [];
  const { revision, publishedAt, by, reason, files } = replaced;
  return [
    ...replaced.history,
    {
      ...{ revision, publishedAt, ...motiveOf({ by, reason }) },
      files: files.map(({ key, versionId, sha256 }) => ({ key, versionId, sha256 })),
    },
  ];
}

/** The entries of a motive that are known. */
export function motiveOf({ by, reason }: Motive): Motive {
  return { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
}
