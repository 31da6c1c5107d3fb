/**
 * Checks published months as a consumer would: by nothing but the manifest and the objects that it names. It asks
 * neither the database nor anything that the run knew.
 */
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

import { CsvError, parse } from "csv-parse";

import { VerificationError } from "./errors";
import { type Manifest, type ManifestFile, manifestKey, parseManifest } from "./manifest";
import type { Month } from "./month";
import type { ObjectStore } from "./storage";

/** What a month's objects turned out to be. */
export interface MonthVerification {
  readonly month: Month;
  /** `missing`: there is no manifest; `damaged`: something is not as the manifest says. */
  readonly status: "verified" | "missing" | "damaged";
  readonly revision?: number;
  /** The manifest's key. */
  readonly manifest: string;
  /** Each a sentence that names the object; none if verified. */
  readonly problems: readonly string[];
}

/** Verifies one month: every object that its manifest names, read to its end, by its version. */
export async function verifyMonth(
  objects: ObjectStore,
  prefix: string,
  month: Month,
): Promise<MonthVerification> {
  const key = manifestKey(prefix, month);
  const found = await objects.read(key);
  if (found === undefined) {
    return {
      month,
      status: "missing",
      manifest: key,
      problems: [`${month} is not published: there is no ${key}`],
    };
  }
  const manifest = parseManifest(key, found.text);
  const problems =
    manifest.month === month ? [] : [`${key} is the manifest of another month, ${manifest.month}`];
  for (const file of manifest.files) problems.push(...(await verifyFile(objects, manifest.columns, file)));
  problems.push(...totalsProblems(manifest));
  const status = problems.length === 0 ? "verified" : "damaged";
  return { month, status, revision: manifest.revision, manifest: key, problems };
}

/** @throws VerificationError that names every problem of these months; nothing if there is none. */
export function expectVerified(months: readonly MonthVerification[]): void {
  const problems = months.flatMap((each) => each.problems);
  if (problems.length === 0) return;
  const isMissing = months.some(({ status }) => status === "missing");
  throw new VerificationError(problems.join("; "), {
    hint: isMissing
      ? "Run the missing month; if its run failed, its message says why."
      : "Don't use these files. Run the month again: it puts back what is out of place, or says what changed.",
  });
}

async function verifyFile(
  objects: ObjectStore,
  columns: readonly string[],
  file: ManifestFile,
): Promise<string[]> {
  const { key, versionId } = file;
  const bytes = await objects.open(key, versionId);
  if (bytes === undefined) return [`${key} is gone: there is no version ${versionId ?? "of it"}`];

  const content = await measure(bytes, columns);
  if (typeof content === "string") return [`${key} is not the CSV file that was published: ${content}`];
  const compared = [
    ["bytes", content.byteCount, file.byteCount],
    ["SHA-256", content.sha256, file.sha256],
    ["columns", content.columns, columns.join(",")],
    ["rows", content.rowCount, file.rowCount],
    ["loans", String(content.loanCount), file.loanCount],
    ["loans' total", String(content.loanTotal), file.loanTotal],
  ] as const;
  const problems = compared.flatMap(([what, actual, expected]) =>
    actual === expected ? [] : [`${key}: ${what} ${actual}, but the manifest says ${expected}`],
  );
  const present = await objects.head(key);
  if (present?.etag !== file.etag || present.versionId !== versionId) {
    problems.push(`${key}: something else has been put in the place of the published version`);
  }
  return problems;
}

interface Content {
  readonly byteCount: number;
  readonly sha256: string;
  readonly columns: string;
  readonly rowCount: number;
  readonly loanCount: bigint;
  readonly loanTotal: bigint;
}

/** Reads a file once, to its end, whatever its size; what is wrong with it, if it is no such file at all. */
async function measure(bytes: AsyncIterable<Buffer>, columns: readonly string[]): Promise<Content | string> {
  const hash = createHash("sha256");
  let byteCount = 0;
  async function* weigh(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      byteCount += chunk.byteLength;
      yield chunk;
    }
  }

  let header: readonly string[] = [];
  const sums = { rowCount: -1, loanCount: 0n, loanTotal: 0n };
  const [countAt, totalAt] = [columns.indexOf("loan_count"), columns.indexOf("loan_total")];
  try {
    await pipeline(bytes, weigh, parse(), async (rows: AsyncIterable<string[]>) => {
      for await (const row of rows) {
        if (++sums.rowCount === 0) {
          header = row;
          continue;
        }
        sums.loanCount += BigInt(row[countAt] ?? 0);
        sums.loanTotal += BigInt(row[totalAt] ?? 0);
      }
    });
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError) return error.message;
    throw error;
  }
  return { byteCount, sha256: hash.digest("hex"), columns: header.join(","), ...sums };
}

function totalsProblems({ files, totals, month }: Manifest): string[] {
  const sums = {
    rowCount: files.reduce((sum, { rowCount }) => sum + rowCount, 0),
    loanCount: String(files.reduce((sum, { loanCount }) => sum + BigInt(loanCount), 0n)),
    loanTotal: String(files.reduce((sum, { loanTotal }) => sum + BigInt(loanTotal), 0n)),
  };
  return (["rowCount", "loanCount", "loanTotal"] as const).flatMap((name) =>
    sums[name] === totals[name]
      ? []
      : [`${month}: the files' ${name} add up to ${sums[name]}, but the manifest says ${totals[name]}`],
  );
}
