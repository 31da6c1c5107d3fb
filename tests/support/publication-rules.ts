/** The rules for published months at every step of every schedule, on one page. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import type { FileVersion } from "../../src/platform/publication/manifest";
import type { Moment } from "./behaviour";
import type { Fault, Place, Rules, State } from "./explorer";
import type { MemoryBucket, StoredVersion } from "./memory-bucket";
import type { LoanManifest } from "./world";

/** The database's contents, from the first to the last. */
export interface Contents {
  readonly months: readonly string[];
  /** The snapshot of each content, as manifests have it. */
  readonly snapshots: readonly string[];
  /** Each content's files by month and bank id, computed without the program. */
  readonly files: readonly ReadonlyMap<string, ReadonlyMap<number, string>>[];
}

/** One of the two runs. */
export interface Runner {
  readonly name: string;
  readonly restates: boolean;
}

export class PublicationRules implements Rules {
  readonly #cleared = new Set<MemoryBucket>();

  /** @param clearUp runs once more, alone, with the last content of the database. */
  constructor(
    private readonly contents: Contents,
    private readonly runners: readonly Runner[],
    private readonly clearUp: (bucket: MemoryBucket) => Promise<{ moment: Moment; bucket: MemoryBucket }>,
  ) {}

  always(bucket: MemoryBucket): void {
    for (const month of this.contents.months) {
      const manifests = manifestsOf(bucket, month);
      const revisions = manifests.map(({ revision }) => revision);
      // Each written manifest is announced to machines.
      assert.deepEqual(revisions, countTo(manifests.length), `the revisions of ${month} are not 1, 2, 3, …`);
      const ages = manifests.map((manifest) => this.#ageOf(manifest));
      assert.deepEqual(ages, ages.toSorted(), `older data has replaced newer data of ${month}`);
      for (const manifest of manifests) this.#expectWhole(bucket, manifest);
    }
  }

  atEnd(run: number, moment: Moment, bucket: MemoryBucket, hitBy: Fault | undefined): void {
    const { name = "", restates = false } = this.runners[run] ?? {};
    const { done = [], failure } = moment.end ?? {};
    const age = moment.answers.find(([question]) => question === "snapshot")?.[1] as number;
    for (const { month, status, revision } of done) {
      const manifest = manifestsOf(bucket, month)[revision - 1];
      assert.ok(manifest, `${name} says ${status}, and there is no revision ${revision}`);
      this.#expectContent(manifest, age);
      assert.equal(status !== "unchanged" || manifest.runId !== name, true, `${name} has changed ${month}`);
      assert.equal(
        status === "unchanged" || manifest.runId === name,
        true,
        `${name} has not ${status} ${month}`,
      );
    }
    const allowed = [
      "ConflictError",
      ...(restates ? [] : ["AlreadyPublishedError"]),
      ...(isExcuse(hitBy) ? ["StorageError"] : []),
    ];
    const error = failure as Error | undefined;
    assert.ok(error === undefined || allowed.includes(error.name), `${name} failed: ${String(failure)}`);
    const open = bucket.openUploads.filter((id) => id.startsWith(`${name}'s`));
    assert.ok(hitBy !== undefined || open.length === 0, `${name} has left ${open.join(", ")}`);
  }

  async whenOver({ bucket: left, places }: State): Promise<void> {
    this.#expectOneThrough(places);
    if (this.#cleared.has(left)) return;
    this.#cleared.add(left);

    const { moment, bucket } = await this.clearUp(left);
    assert.equal(moment.end?.failure, undefined, `the next run failed: ${String(moment.end?.failure)}`);
    assert.deepEqual(bucket.openUploads, [], "the next run has left uploads open");
    this.always(bucket);
    for (const month of this.contents.months) {
      const manifest = manifestsOf(bucket, month).at(-1);
      assert.ok(manifest, `the next run has not published ${month}`);
      this.#expectContent(manifest, this.contents.files.length - 1);
      for (const { key, versionId } of manifest.files) {
        assert.equal(bucket.versions(key)[0]?.versionId, versionId, `${key} holds another version`);
      }
    }
  }

  /** With three files, each run can be refused because the other was first at one; with two, one run succeeds. */
  #expectOneThrough(places: readonly Place[]): void {
    const isRefused = ({ moment, hitBy }: Place) =>
      !isExcuse(hitBy) && nameOf(moment.end?.failure) === "ConflictError";
    const fileCounts = [...(this.contents.files[0]?.values() ?? [])].map(({ size }) => size);
    if (Math.max(...fileCounts) > 2) return;
    assert.ok(!places.every(isRefused), "each run was refused because of the other");
  }

  /** A consumer of the manifest, or of its history, sees the files of one content of the database, each whole. */
  #expectWhole(bucket: MemoryBucket, manifest: LoanManifest): void {
    this.#expectContent(manifest, this.#ageOf(manifest));
    const before = manifest.history.map(({ revision }) => revision);
    assert.deepEqual(before, countTo(manifest.revision - 1), "the history lacks a revision");
    const named: (readonly FileVersion[])[] = [manifest.files, ...manifest.history.map(({ files }) => files)];
    for (const { key, versionId, sha256 } of named.flat()) {
      const version = bucket.versions(key).find((each) => each.versionId === versionId);
      assert.equal(
        version && sha256Of(version.text),
        sha256,
        `${key} lacks the version ${String(versionId)}`,
      );
    }
  }

  #expectContent({ month, files }: LoanManifest, age: number): void {
    const expected = this.contents.files[age]?.get(month) ?? new Map<number, string>();
    const sums = [...expected].map(([bankId, text]) => [bankId, sha256Of(text)]);
    const found = files.map(({ bankId, sha256 }) => [bankId, sha256]);
    assert.deepEqual(found, sums, `the files of ${month} are not those of one content of the database`);
  }

  #ageOf({ source }: LoanManifest): number {
    const age = this.contents.snapshots.indexOf(source.snapshot);
    assert.notEqual(age, -1, `no run opened the snapshot ${source.snapshot}`);
    return age;
  }
}

/** A repeated request is no excuse: the run may not be affected by it. */
function isExcuse(hitBy: Fault | undefined): boolean {
  return hitBy !== undefined && hitBy !== "repeated";
}

function nameOf(failure: unknown): string {
  return failure instanceof Error ? failure.name : "none";
}

const parsed = new WeakMap<StoredVersion, LoanManifest>();

/** All manifests that a month has had, the oldest first. */
function manifestsOf(bucket: MemoryBucket, month: string): LoanManifest[] {
  const versions = bucket.versions(`_manifests/${month.replace("-", "/")}.json`);
  return versions.toReversed().map((version) => {
    const manifest = parsed.get(version) ?? (JSON.parse(version.text) as LoanManifest);
    parsed.set(version, manifest);
    return manifest;
  });
}

const sums = new Map<string, string>();

function sha256Of(text: string): string {
  const sum = sums.get(text) ?? createHash("sha256").update(text).digest("hex");
  sums.set(text, sum);
  return sum;
}

function countTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
