/**
 * Takes a published month back: its manifest says that it is withdrawn, by whom and why, and its files leave their keys.
 * In a bucket with versioning nothing is lost: the files stay readable by the versions in the manifest's history.
 */
import { version as programVersion } from "../../package.json";
import type { ObjectStore, ObjectVersion } from "../platform/bucket/object-store";
import { RequestError } from "../platform/errors";
import type { Month } from "../platform/month";
import type { FileVersion } from "../platform/publication/manifest";
import type { ExtractDefinition } from "./definition";
import { describeWithdrawal, type Manifest, parseMonthManifest, type Provenance } from "./month-manifest";
import { type Layout, manifestKey } from "./object-key";

/** What a withdrawal did; `--json` prints it. */
export interface Withdrawal {
  readonly extract: string;
  readonly month: Month;
  /** `unchanged`: the month was withdrawn before. */
  readonly status: "withdrawn" | "unchanged";
  readonly revision: number;
  /** The manifest's key. */
  readonly manifest: string;
  /** The keys that no longer hold a file. */
  readonly removed: readonly string[];
}

/**
 * The manifest comes first: from then on no consumer is sent to the files. A withdrawal that dies after it is finished
 * by the next one.
 *
 * @throws RequestError if the month is not published, ConflictError if a run changed it in the meantime, StorageError.
 */
export async function withdrawMonth(
  objects: ObjectStore,
  layout: Layout,
  definition: ExtractDefinition,
  month: Month,
  provenance: Pick<Provenance, "runId" | "publishedAt" | "motive">,
): Promise<Withdrawal> {
  const key = manifestKey(layout, definition.folder, month);
  const found = await objects.read(key);
  if (found === undefined) {
    throw new RequestError(`${definition.name} of ${month} is not published: there is no ${key}`, {
      hint: "Check --month, --extract and EXTRACT_PREFIX; npx bank-batch status shows what is published.",
    });
  }
  const manifest = parseMonthManifest(definition, month, key, found.text);
  const isNew = manifest.state !== "withdrawn";
  const withdrawn = isNew
    ? describeWithdrawal(definition, manifest, { ...provenance, programVersion })
    : manifest;
  if (isNew) await objects.putJson(key, `${JSON.stringify(withdrawn, null, 2)}\n`, found.version);

  const removed: string[] = [];
  for (const file of await withdrawnFiles(objects, withdrawn)) {
    await objects.remove(file.key, file.present);
    removed.push(file.key);
  }
  return {
    ...{ extract: definition.name, month, status: isNew ? "withdrawn" : "unchanged" },
    ...{ revision: withdrawn.revision, manifest: key, removed },
  };
}

/**
 * The withdrawn files that are still at their keys. Without a version id, removing a file would destroy it, so such files
 * stay.
 */
export async function withdrawnFiles(
  objects: ObjectStore,
  { state, history }: Manifest,
): Promise<(FileVersion & { readonly present: ObjectVersion })[]> {
  const files = state === "withdrawn" ? (history.at(-1)?.files ?? []) : [];
  const looked = await Promise.all(
    files.map(async (file) => ({ ...file, present: await objects.head(file.key) })),
  );
  return looked.flatMap(({ present, ...file }) =>
    present !== undefined && file.versionId !== null && present.versionId === file.versionId
      ? [{ ...file, present }]
      : [],
  );
}
