/**
 * Publishing: several files become visible together or not at all, each by a conditional write, their manifest last.
 * Without a manifest nothing is published; with one, nothing changes without a new revision.
 */
import type { ObjectStore, ObjectVersion } from "../bucket/object-store";
import type { StagedObject } from "../bucket/staged-upload";
import type { Uploads } from "../bucket/uploads";
import { isInPlace, type ManifestCore, type PublishedFile } from "./manifest";

/**
 * What a run did to a publication.
 *
 * - `published`: it had no manifest.
 * - `unchanged`: it consists of these very bytes; nothing was written.
 * - `restated`: it consisted of other bytes, and the run was allowed to change them.
 * - `repaired`: it consists of these bytes, but a key held something else (left by a restatement that died, or written
 *   by hand); the published bytes are back in place.
 */
export type Outcome = "published" | "unchanged" | "restated" | "repaired";

/** A file whose rows have all been read; staged unless it was made only to be compared. */
export interface MadeFile {
  readonly key: string;
  readonly rowCount: number;
  readonly byteCount: number;
  /** SHA-256 of the bytes in hexadecimal. */
  readonly sha256: string;
  readonly staged: StagedObject | undefined;
}

/** What the bucket holds of a publication before a run changes it. */
export interface Publication<Manifest extends ManifestCore> {
  readonly manifestKey: string;
  readonly manifest: { readonly content: Manifest; readonly version: ObjectVersion } | undefined;
  /** The version that each of its keys holds now, for the keys that hold one. */
  readonly objects: ReadonlyMap<string, ObjectVersion>;
}

/** What a run may write: any bytes, the bytes that are published, or nothing. */
export type Permission = "any" | "repair" | "nothing";

/** What publishing would change, decided before anything is written. */
export interface Plan<File extends MadeFile> {
  readonly outcome: Outcome;
  /** The revision afterwards. */
  readonly revision: number;
  /** The files to complete; an unchanged object keeps its version. */
  readonly write: readonly File[];
}

/** How the made files differ from the published ones. */
export interface Differences<File extends MadeFile, Published extends PublishedFile> {
  readonly changed: readonly { readonly made: File; readonly published: Published | undefined }[];
  readonly dropped: readonly Published[];
}

/**
 * Reads what the bucket holds: the manifest and, for each key, its present version. Where neither the manifest nor the first
 * object exists, the others are taken not to exist either, without a look at each: a run writes the first object before
 * the others. Should one exist all the same, its write is refused, because it depends on that, and the next run finds
 * the first object and looks at all.
 */
export async function readPublication<Manifest extends ManifestCore>(
  objects: ObjectStore,
  manifestKey: string,
  keys: readonly string[],
  parse: (text: string) => Manifest,
): Promise<Publication<Manifest>> {
  const [first, ...others] = keys;
  const [found, ofFirst] = await Promise.all([
    // A publication whose manifest is gone would begin again at revision 1, which consumers of a later one ignore.
    objects.read(manifestKey, { isEverDeleted: false }),
    present(objects, first === undefined ? [] : [first]),
  ]);
  const isThere = found !== undefined || ofFirst.length > 0;
  return {
    manifestKey,
    manifest: found === undefined ? undefined : { content: parse(found.text), version: found.version },
    objects: new Map([...ofFirst, ...(isThere ? await present(objects, others) : [])]),
  };
}

/** The versions that the keys hold now, of those that hold one. */
async function present(objects: ObjectStore, keys: readonly string[]): Promise<[string, ObjectVersion][]> {
  const versions = await Promise.all(keys.map(async (key) => [key, await objects.head(key)] as const));
  return versions.flatMap(([key, version]) => (version === undefined ? [] : [[key, version]]));
}

/** The one place that decides whether a publication may be written. */
export function permissionFor(publication: Publication<ManifestCore>, mayChange: boolean): Permission {
  const { manifest, objects } = publication;
  if (manifest === undefined || mayChange) return "any";
  const isIntact = manifest.content.files.every((file) => isInPlace(file, objects.get(file.key)));
  return isIntact ? "nothing" : "repair";
}

export function differencesOf<File extends MadeFile, Published extends PublishedFile>(
  files: readonly File[],
  published: readonly Published[],
): Differences<File, Published> {
  const byKey = new Map(published.map((file) => [file.key, file]));
  const made = new Set(files.map(({ key }) => key));
  return {
    changed: files.flatMap((file) => {
      const before = byKey.get(file.key);
      return before?.sha256 === file.sha256 ? [] : [{ made: file, published: before }];
    }),
    dropped: published.filter(({ key }) => !made.has(key)),
  };
}

/**
 * Plans the publication of these files.
 *
 * @param refuse throws the error for differences from what is published, if the run may not write them.
 */
export function planPublication<File extends MadeFile, Manifest extends ManifestCore>(
  files: readonly File[],
  { manifest, objects }: Publication<Manifest>,
  permission: Permission,
  refuse: (published: Manifest) => never,
): Plan<File> {
  if (manifest === undefined) return { outcome: "published", revision: 1, write: files };

  const { revision, files: published } = manifest.content;
  const differences = differencesOf<File, Manifest["files"][number]>(files, published);
  const isSame = differences.changed.length === 0 && differences.dropped.length === 0;
  if (!isSame && permission !== "any") return refuse(manifest.content);

  const changed = new Set(differences.changed.map(({ made }) => made.key));
  const displaced = published.filter((file) => !isInPlace(file, objects.get(file.key)));
  const outOfPlace = new Set(displaced.map(({ key }) => key));
  const write = files.filter(({ key }) => changed.has(key) || outOfPlace.has(key));
  if (isSame && write.length === 0) return { outcome: "unchanged", revision, write };
  return { outcome: isSame ? "repaired" : "restated", revision: revision + 1, write };
}

/**
 * Carries a plan out: the first object alone, so that it decides between two runs that write it and have seen the same
 * version of it; then the others; then the manifest. An unchanged publication is not written to.
 *
 * @param describe makes the manifest from the versions of its files.
 * @throws ConflictError if another run was faster, StorageError.
 */
export async function publish<Manifest extends ManifestCore>(
  objects: ObjectStore,
  uploads: Uploads,
  plan: Plan<MadeFile>,
  publication: Publication<Manifest>,
  describe: (versionOf: (key: string) => ObjectVersion) => Manifest,
): Promise<void> {
  if (plan.outcome === "unchanged") return;
  const versions = new Map(publication.objects);
  const complete = async ({ key, staged }: MadeFile): Promise<void> => {
    if (staged === undefined) throw new RangeError(`${key} was planned to be written but never staged`);
    versions.set(key, await uploads.complete(staged, publication.objects.get(key)));
  };
  const [first, ...others] = plan.write;
  if (first !== undefined) await complete(first);
  for (const completed of await Promise.allSettled(others.map(complete))) {
    if (completed.status === "rejected") throw completed.reason;
  }
  const manifest = describe((key) => {
    const version = versions.get(key);
    if (version === undefined) throw new RangeError(`${key} has no version for the manifest to name`);
    return version;
  });
  await objects.putJson(
    publication.manifestKey,
    `${JSON.stringify(manifest, null, 2)}\n`,
    publication.manifest?.version,
  );
}
