/**
 * A consumer as the contract wants one: it reads a month's manifest, then every file by the key and version named
 * there. What it sees must be whole at every moment, so it holds the files against all that the manifest says.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import type { World, LoanManifest } from "./world";

/** A month as it is published at one moment. */
export interface Revision {
  readonly manifest: LoanManifest;
  /** The files' content by bank id. */
  readonly files: ReadonlyMap<number, string>;
}

/**
 * The month's present revision, undefined if the month is not published.
 *
 * @throws if a file that the manifest names is missing or is not what the manifest says.
 */
export async function readRevision(
  world: Pick<World, "manifest" | "read">,
  month: string,
  prefix = "",
): Promise<Revision | undefined> {
  const manifest = await world.manifest(month, prefix).catch((error: unknown) => {
    if (error instanceof Error && error.name === "NoSuchKey") return undefined;
    throw error;
  });
  if (manifest === undefined) return undefined;

  const files = await Promise.all(
    manifest.files.map(async ({ bankId, key, versionId, sha256, byteCount, ...totals }) => {
      const text = await world.read(key, versionId);
      const { rowCount, loanCount, loanTotal } = totals;
      assert.deepEqual(
        { ...totalsOf(text), byteCount: Buffer.byteLength(text), sha256: sha256Of(text) },
        { rowCount, loanCount, loanTotal, byteCount, sha256 },
        key,
      );
      return [bankId, text] as const;
    }),
  );
  const sum = (numbers: readonly string[]) => String(numbers.reduce((all, each) => all + BigInt(each), 0n));
  assert.deepEqual(manifest.totals, {
    rowCount: manifest.files.reduce((all, { rowCount }) => all + rowCount, 0),
    loanCount: sum(manifest.files.map(({ loanCount }) => loanCount)),
    loanTotal: sum(manifest.files.map(({ loanTotal }) => loanTotal)),
  });
  return { manifest, files: new Map(files) };
}

/** The keys of a manifest's files hold the versions that it names. */
export async function expectInPlace(
  world: Pick<World, "head">,
  manifest: LoanManifest | undefined,
): Promise<void> {
  for (const { key, versionId, etag } of manifest?.files ?? []) {
    const { VersionId, ETag } = await world.head(key);
    assert.deepEqual({ key, versionId: VersionId, etag: ETag }, { key, versionId, etag });
  }
}

/** The content of the files of a revision that is no longer the present one, by key. */
export async function readHistory(
  world: Pick<World, "read">,
  { files }: LoanManifest["history"][number],
): Promise<ReadonlyMap<string, string>> {
  const entries = files.map(async ({ key, versionId, sha256 }) => {
    const text = await world.read(key, versionId);
    assert.equal(sha256Of(text), sha256, key);
    return [key, text] as const;
  });
  return new Map(await Promise.all(entries));
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function totalsOf(text: string): { rowCount: number; loanCount: string; loanTotal: string } {
  const [header = [], ...rows] = recordsOf(text);
  const sum = (column: string) =>
    String(rows.reduce((all, row) => all + BigInt(row[header.indexOf(column)] ?? ""), 0n));
  return { rowCount: rows.length, loanCount: sum("loan_count"), loanTotal: sum("loan_total") };
}

/** The records of a CSV file by RFC 4180. */
function recordsOf(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, bare = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/g)) {
    record.push(quoted?.replaceAll('""', '"') ?? bare);
    if (end === ",") continue;
    records.push(record);
    record = [];
  }
  return records;
}
