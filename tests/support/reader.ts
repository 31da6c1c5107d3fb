/**
 * A consumer that follows the contract: it reads a month's manifest, then every file by the key and version named
 * there. What it sees must be whole at every moment, so it compares the files with everything in the manifest.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import type { World, LoanManifest, LoanMeasures } from "./world";

/** A month as it is published at one moment. */
export interface Revision {
  readonly manifest: LoanManifest;
  /** The files' content by bank id. */
  readonly files: ReadonlyMap<number, string>;
}

/**
 * The month's current revision, undefined if the month is not published.
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
      const { rowCount, loanCount, loanTotal, windowLoanCount, windowLoanTotal } = totals;
      assert.deepEqual(
        { ...totalsOf(text), byteCount: Buffer.byteLength(text), sha256: sha256Of(text) },
        { rowCount, loanCount, loanTotal, windowLoanCount, windowLoanTotal, byteCount, sha256 },
        key,
      );
      return [bankId, text] as const;
    }),
  );
  const sum = (measure: keyof LoanMeasures) =>
    String(manifest.files.reduce((all, file) => all + BigInt(file[measure] ?? ""), 0n));
  assert.deepEqual(manifest.totals, {
    rowCount: manifest.files.reduce((all, { rowCount }) => all + rowCount, 0),
    loanCount: sum("loanCount"),
    loanTotal: sum("loanTotal"),
    windowLoanCount: sum("windowLoanCount"),
    windowLoanTotal: sum("windowLoanTotal"),
  });
  return { manifest, files: new Map(files) };
}

/** Asserts that the keys of a manifest's files hold the versions that it names. */
export async function expectInPlace(
  world: Pick<World, "head">,
  manifest: LoanManifest | undefined,
): Promise<void> {
  for (const { key, versionId, etag } of manifest?.files ?? []) {
    const { VersionId, ETag } = await world.head(key);
    assert.deepEqual({ key, versionId: VersionId, etag: ETag }, { key, versionId, etag });
  }
}

/** The content of an earlier revision's files, by key. */
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

function totalsOf(text: string): { rowCount: number } & LoanMeasures {
  const [header = [], ...rows] = recordsOf(text);
  const sum = (column: string, toNumber = (field: string) => BigInt(field)) =>
    String(rows.reduce((all, row) => all + toNumber(row[header.indexOf(column)] ?? ""), 0n));
  return {
    rowCount: rows.length,
    loanCount: sum("loan_count"),
    loanTotal: sum("loan_total"),
    windowLoanCount: sum("loan_count_3m"),
    // A third of a whole number, rounded to two decimals: three times the field is less than 0.02 from the number.
    windowLoanTotal: sum("monthly_total_average_3m", (field) => {
      const thrice = 3n * BigInt(field.replace(".", ""));
      const near = [-1n, 0n, 1n].map((offset) => thrice + offset).find((each) => each % 100n === 0n);
      assert.ok(near !== undefined, field);
      return near / 100n;
    }),
  };
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
