/** What the bucket holds of some months, bank by bank: for who asks what is there. It tells; `verify` judges. */
import type { ExtractDefinition } from "./definition";
import { StorageError } from "../platform/errors";
import {
  isInPlace,
  type Manifest,
  type ManifestFile,
  manifestKey,
  misplacement,
  parseManifest,
} from "./manifest";
import type { Month } from "../platform/month";
import type { ObjectStore } from "../platform/bucket/object-store";
import { verifyFile } from "./verification";

export interface MonthStatus {
  readonly month: Month;
  /** `unreadable`: what stands in the manifest's place is none of this extract and month. */
  readonly status: "published" | "missing" | "unreadable";
  readonly revision?: number;
  readonly publishedAt?: string;
  /** The manifest's key. */
  readonly manifest: string;
  readonly files: readonly FileStatus[];
  /** Each a sentence; none if all is as it should be, or if the month is missing. */
  readonly problems: readonly string[];
}

export interface FileStatus {
  readonly bankId: number;
  readonly bankName: string;
  readonly key: string;
  /**
   * `published`: the present object is the version that the manifest names; `unverified`: it is another one, or none;
   * `verified` and `damaged`: what came of reading the whole file, where that was asked for.
   */
  readonly status: "published" | "unverified" | "verified" | "damaged";
}

/** @param isThorough reads every file to its end; else each is only looked for. */
export async function readStatus(
  objects: ObjectStore,
  prefix: string,
  definition: ExtractDefinition,
  month: Month,
  isThorough = false,
): Promise<MonthStatus> {
  const key = manifestKey(prefix + definition.folder, month);
  const found = await readManifest(objects, definition, month, key);
  return statusOf(objects, definition, { month, key, found }, isThorough);
}

/** The same of a manifest that has been read. */
export async function statusOf(
  objects: ObjectStore,
  definition: ExtractDefinition,
  { month, key, found }: { readonly month: Month; readonly key: string; readonly found: FoundManifest },
  isThorough = false,
): Promise<MonthStatus> {
  if (found === undefined) return { month, status: "missing", manifest: key, files: [], problems: [] };
  if (typeof found === "string")
    return { month, status: "unreadable", manifest: key, files: [], problems: [found] };

  const seen: Seen[] = [];
  if (isThorough) {
    for (const file of found.files) seen.push(await verify(objects, definition, found.columns, file));
  } else {
    seen.push(...(await Promise.all(found.files.map((file) => find(objects, file)))));
  }
  const problems = seen.flatMap((each) => each.problems);
  const files = seen.map(({ file: { bankId, bankName, key: fileKey }, status }) => ({
    bankId,
    bankName,
    key: fileKey,
    status,
  }));
  const { revision, publishedAt } = found;
  return { month, status: "published", revision, publishedAt, manifest: key, files, problems };
}

/** A month's manifest; undefined if there is none, a sentence if what is there is no such thing. */
export type FoundManifest = Manifest | string | undefined;

export async function readManifest(
  objects: ObjectStore,
  definition: ExtractDefinition,
  month: Month,
  key: string,
): Promise<FoundManifest> {
  const found = await objects.read(key);
  if (found === undefined) return undefined;
  try {
    const manifest = parseManifest(key, found.text);
    return misplacement(key, manifest, { definition, month }) ?? manifest;
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
}

interface Seen {
  readonly file: ManifestFile;
  readonly status: FileStatus["status"];
  readonly problems: readonly string[];
}

async function find(objects: ObjectStore, file: ManifestFile): Promise<Seen> {
  const present = await objects.head(file.key);
  if (isInPlace(file, present)) return { file, status: "published", problems: [] };
  const what = present === undefined ? "nothing" : "something else";
  const problem = `${file.key}: ${what} stands in the place of the published version`;
  return { file, status: "unverified", problems: [problem] };
}

async function verify(
  objects: ObjectStore,
  definition: ExtractDefinition,
  columns: readonly string[],
  file: ManifestFile,
): Promise<Seen> {
  const problems = await verifyFile(objects, definition, columns, file);
  return { file, status: problems.length === 0 ? "verified" : "damaged", problems };
}
