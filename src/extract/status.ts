/** What the bucket has of a month, bank by bank. It reports; `verification.ts` judges. */
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Month } from "../platform/month";
import { isInPlace } from "../platform/publication/manifest";
import type { ExtractDefinition } from "./definition";
import { findManifest, type FoundManifest, type ManifestFile } from "./month-manifest";
import type { Layout } from "./object-key";
import { displacement, verifyFile, withdrawalProblems } from "./verification";

export interface MonthStatus {
  readonly month: Month;
  /** `withdrawn`: taken back on purpose; `unreadable`: the manifest's key holds something else. */
  readonly status: "published" | "withdrawn" | "missing" | "unreadable";
  readonly revision?: number;
  readonly publishedAt?: string;
  /** The manifest's key. */
  readonly manifest: string;
  readonly files: readonly FileStatus[];
  /** Sentences; empty if everything is as it should be, or the month is missing. */
  readonly problems: readonly string[];
}

export interface FileStatus {
  readonly bankId: number;
  readonly bankName: string;
  readonly key: string;
  /**
   * `published`: the key holds the version that the manifest names; `unverified`: it holds another one, or nothing;
   * `verified` and `damaged`: the result of reading the whole file, if that was asked for.
   */
  readonly status: "published" | "unverified" | "verified" | "damaged";
}

/** @param isThorough reads every file to its end; otherwise each is only looked up. */
export async function readStatus(
  objects: ObjectStore,
  layout: Layout,
  definition: ExtractDefinition,
  month: Month,
  isThorough = false,
): Promise<MonthStatus> {
  const found = await findManifest(objects, layout, definition, month);
  return statusOf(objects, definition, month, found, isThorough);
}

/** The status of a month whose manifest has been read. */
export async function statusOf(
  objects: ObjectStore,
  definition: ExtractDefinition,
  month: Month,
  found: FoundManifest,
  isThorough = false,
): Promise<MonthStatus> {
  const { key, state } = found;
  if (state === "missing") return { month, status: "missing", manifest: key, files: [], problems: [] };
  if (state === "unreadable")
    return { month, status: "unreadable", manifest: key, files: [], problems: [found.problem] };

  const { state: status, columns, files, revision, publishedAt } = found.manifest;
  const checked: Checked[] = [];
  if (isThorough) {
    for (const file of files) checked.push(await readWhole(objects, definition, columns, file));
  } else {
    checked.push(...(await Promise.all(files.map((file) => lookUp(objects, file)))));
  }
  return {
    ...{ month, status, revision, publishedAt, manifest: key },
    files: checked.map(({ file: { bankId, bankName, key: fileKey }, status: fileStatus }) => ({
      ...{ bankId, bankName, key: fileKey, status: fileStatus },
    })),
    problems: [
      ...checked.flatMap(({ problems }) => problems),
      ...(await withdrawalProblems(objects, found.manifest)),
    ],
  };
}

interface Checked {
  readonly file: ManifestFile;
  readonly status: FileStatus["status"];
  readonly problems: readonly string[];
}

async function lookUp(objects: ObjectStore, file: ManifestFile): Promise<Checked> {
  const present = await objects.head(file.key);
  if (isInPlace(file, present)) return { file, status: "published", problems: [] };
  return { file, status: "unverified", problems: [displacement(file)] };
}

async function readWhole(
  objects: ObjectStore,
  definition: ExtractDefinition,
  columns: readonly string[],
  file: ManifestFile,
): Promise<Checked> {
  const problems = await verifyFile(objects, definition, columns, file);
  return { file, status: problems.length === 0 ? "verified" : "damaged", problems };
}
