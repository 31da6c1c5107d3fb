/**
 * A month becomes public: all banks or none, each object by a conditional write, the manifest last. Until the
 * manifest is there nothing is published; after it, nothing changes without a new revision.
 */
import { version as programVersion } from "../../package.json";
import type { Tally } from "./csv-file";
import type { ExtractDefinition } from "./definition";
import { AlreadyPublishedError } from "../platform/errors";
import { isInPlace, type Manifest, type ManifestFile, manifestKey, parseManifest } from "./manifest";
import { addMonths, firstDayOf, lastDayOf, type Month } from "../platform/month";
import type { Bank } from "./object-key";
import type { Quality } from "./reconciliation";
import type { ObjectStore, ObjectVersion, StagedObject } from "../platform/bucket/object-store";

/**
 * `published`: the month had no manifest. `unchanged`: it had these very bytes, and nothing was written.
 * `restated`: it had others, and changing them was asked for. `repaired`: it had these bytes, but something else
 * had been put in an object's place (a restatement that died, an overwrite by hand); they are in place again.
 */
export type Outcome = "published" | "unchanged" | "restated" | "repaired";

/** A bank's file, made and reconciled; staged unless it was only compared. */
export interface MadeFile {
  readonly bank: Bank;
  readonly key: string;
  readonly tally: Tally;
  readonly staged: StagedObject | undefined;
}

/** What the bucket holds of a month. */
export interface MonthState {
  readonly month: Month;
  readonly manifestKey: string;
  readonly manifest: { readonly content: Manifest; readonly version: ObjectVersion } | undefined;
  /** The present version of each of the month's keys that has one. */
  readonly objects: ReadonlyMap<string, ObjectVersion>;
}

/** What publishing would do, decided before anything is written. */
export interface Plan {
  readonly files: readonly MadeFile[];
  readonly before: MonthState;
  readonly status: Outcome;
  /** The month's revision afterwards. */
  readonly revision: number;
  /** The files to complete; those of an unchanged object keep their version. */
  readonly write: readonly MadeFile[];
}

/** What the manifest says beside the files. */
export interface Provenance {
  readonly definition: ExtractDefinition;
  readonly runId: string;
  readonly publishedAt: Date;
  readonly source: { readonly database: string; readonly serverVersion: string; readonly snapshot: string };
  readonly quality: Quality;
}

export async function readMonthState(
  objects: ObjectStore,
  home: string,
  month: Month,
  keys: readonly string[],
): Promise<MonthState> {
  const key = manifestKey(home, month);
  const [found, heads] = await Promise.all([
    objects.read(key),
    Promise.all(keys.map(async (each) => [each, await objects.head(each)] as const)),
  ]);
  return {
    month,
    manifestKey: key,
    manifest:
      found === undefined ? undefined : { content: parseManifest(key, found.text), version: found.version },
    objects: new Map(heads.flatMap(([each, version]) => (version === undefined ? [] : [[each, version]]))),
  };
}

/** Whether all that the manifest names is in its place. */
export function isIntact({ manifest, objects }: MonthState): boolean {
  return manifest?.content.files.every((file) => isInPlace(file, objects.get(file.key))) === true;
}

/**
 * Decides what publishing these files means.
 *
 * @throws AlreadyPublishedError if it would change a published month and `restate` is not given.
 */
export function planPublication(files: readonly MadeFile[], before: MonthState, restate: boolean): Plan {
  if (before.manifest === undefined) return { files, before, status: "published", revision: 1, write: files };

  const { month } = before;
  const { content } = before.manifest;
  const published = new Map(content.files.map((file) => [file.key, file]));
  const write = files.filter(({ key, tally }) => {
    const file = published.get(key);
    return file?.sha256 !== tally.sha256 || !isInPlace(file, before.objects.get(key));
  });
  const differences = describeDifferences(files, published);
  if (differences.length === 0 && write.length === 0) {
    return { files, before, status: "unchanged", revision: content.revision, write };
  }
  if (differences.length > 0 && !restate) {
    throw new AlreadyPublishedError(
      `${month} is published as revision ${content.revision} and would change: ${differences.join("; ")}`,
      {
        hint: `If the change is meant, restate the month: --month ${month} --restate, or {"month": "${month}", "restate": true}.`,
      },
    );
  }
  const status = differences.length === 0 ? "repaired" : "restated";
  return { files, before, status, revision: content.revision + 1, write };
}

/**
 * Carries the plan out: the first object alone, which is the same for every run, so that of two runs it decides; then
 * all others; then the manifest. An unchanged month is not written to at all.
 *
 * @throws ConflictError if another run was first, StorageError.
 */
export async function publish(objects: ObjectStore, plan: Plan, provenance: Provenance): Promise<void> {
  if (plan.status === "unchanged") return;
  const { before, write } = plan;
  const complete = async ({ key, staged }: MadeFile): Promise<[string, ObjectVersion]> => {
    if (staged === undefined) throw new RangeError(`${key} was planned to be written but never staged`);
    return [key, await objects.complete(staged, before.objects.get(key))];
  };
  const [first, ...others] = write;
  const versions = new Map<string, ObjectVersion>();
  if (first !== undefined) versions.set(...(await complete(first)));
  for (const completed of await Promise.allSettled(others.map(complete))) {
    if (completed.status === "rejected") throw completed.reason;
    versions.set(...completed.value);
  }
  const manifest = describe(plan, versions, provenance);
  await objects.putJson(
    before.manifestKey,
    `${JSON.stringify(manifest, null, 2)}\n`,
    before.manifest?.version,
  );
}

/** The manifest of a plan whose objects have these versions; an object that was not written keeps its own. */
function describe(
  { files, before, revision }: Plan,
  versions: ReadonlyMap<string, ObjectVersion>,
  { definition, runId, publishedAt, source, quality }: Provenance,
): Manifest {
  const { month } = before;
  const previous = before.manifest?.content;
  const { name, statement, columns, windowMonths } = definition;
  return {
    schemaVersion: 1,
    extract: name,
    month,
    period: { from: firstDayOf(month), to: lastDayOf(month) },
    window: { from: firstDayOf(addMonths(month, 1 - windowMonths)), to: lastDayOf(month) },
    revision,
    publishedAt: publishedAt.toISOString(),
    runId,
    source,
    query: { name: statement.name, sha256: statement.sha256 },
    program: { version: programVersion },
    columns: [...columns],
    files: files.map(({ bank, key, tally }): ManifestFile => {
      const version = versions.get(key) ?? before.objects.get(key);
      if (version === undefined) throw new RangeError(`${key} has no version to name in the manifest`);
      return {
        bankId: bank.id,
        bankName: bank.name,
        key,
        versionId: version.versionId,
        etag: version.etag,
        byteCount: tally.byteCount,
        rowCount: tally.rowCount,
        sha256: tally.sha256,
        loanCount: String(tally.loanCount),
        loanTotal: String(tally.loanTotal),
      };
    }),
    totals: {
      rowCount: files.reduce((sum, { tally }) => sum + tally.rowCount, 0),
      loanCount: String(files.reduce((sum, { tally }) => sum + tally.loanCount, 0n)),
      loanTotal: String(files.reduce((sum, { tally }) => sum + tally.loanTotal, 0n)),
    },
    quality,
    history: previous === undefined ? [] : [...previous.history, asHistory(previous)],
  };
}

function asHistory({ revision, publishedAt, files }: Manifest): Manifest["history"][number] {
  return {
    revision,
    publishedAt,
    files: files.map(({ key, versionId, sha256 }) => ({ key, versionId, sha256 })),
  };
}

function describeDifferences(
  files: readonly MadeFile[],
  published: ReadonlyMap<string, ManifestFile>,
): string[] {
  const made = new Set(files.map(({ key }) => key));
  const changed = files.flatMap(({ bank, key, tally }) => {
    const before = published.get(key);
    if (before?.sha256 === tally.sha256) return [];
    const after = `${tally.rowCount} rows, ${String(tally.loanCount)} loans of ${String(tally.loanTotal)} in all`;
    if (before === undefined) return [`${bank.name}: no file before, now ${after}`];
    return [
      `${bank.name}: published with ${before.rowCount} rows, ${before.loanCount} loans of ${before.loanTotal} in all, now ${after}`,
    ];
  });
  const dropped = [...published.values()]
    .filter(({ key }) => !made.has(key))
    .map(({ bankName, rowCount }) => `${bankName}: published with ${rowCount} rows, now no file`);
  return [...changed, ...dropped];
}
