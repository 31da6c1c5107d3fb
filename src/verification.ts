/**
 * Checks published months as a consumer would: by nothing but the manifest and the objects that it names. It asks
 * neither the database nor anything that the run knew.
 */
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

import { CsvError, parse } from "csv-parse";

import { type ExtractDefinition, LoanSums, type LoanTotals } from "./definition";
import { VerificationError } from "./errors";
import { type Manifest, type ManifestFile, manifestKey, parseManifest } from "./manifest";
import type { Month } from "./month";
import type { ObjectStore } from "./storage";

/** What a month's objects turned out to be. */
export interface MonthVerification {
  readonly extract: string;
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
  definition: ExtractDefinition,
  month: Month,
): Promise<MonthVerification> {
  const key = manifestKey(prefix + definition.folder, month);
  const found = await objects.read(key);
  if (found === undefined) {
    return {
      extract: definition.name,
      month,
      status: "missing",
      manifest: key,
      problems: [`${definition.name} of ${month} is not published: there is no ${key}`],
    };
  }
  const manifest = parseManifest(key, found.text);
  const problems =
    manifest.month === month && manifest.extract === definition.name
      ? []
      : [`${key} is the manifest of something else, ${manifest.extract} of ${manifest.month}`];
  // The columns may have been others when the month was published.
  const published = { ...definition, columns: manifest.columns };
  for (const file of manifest.files) problems.push(...(await verifyFile(objects, published, file)));
  problems.push(...totalsProblems(manifest));
  const status = problems.length === 0 ? "verified" : "damaged";
  return { extract: definition.name, month, status, revision: manifest.revision, manifest: key, problems };
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

/** Reads a published file to its end; what is wrong with it, each a sentence. */
export async function verifyFile(
  objects: ObjectStore,
  definition: ExtractDefinition,
  file: ManifestFile,
): Promise<string[]> {
  const { key, versionId } = file;
  const bytes = await objects.open(key, versionId);
  if (bytes === undefined) return [`${key} is gone: there is no version ${versionId ?? "of it"}`];

  const content = await measure(bytes, definition);
  if (typeof content === "string") return [`${key} is not the CSV file that was published: ${content}`];
  const compared = [
    ["bytes", content.byteCount, file.byteCount],
    ["SHA-256", content.sha256, file.sha256],
    ["columns", content.columns, definition.columns.join(",")],
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

interface Content extends LoanTotals {
  readonly byteCount: number;
  readonly sha256: string;
  readonly columns: string;
  readonly rowCount: number;
}

/** Reads a file once, to its end, whatever its size; what is wrong with it, if it is no such file at all. */
async function measure(
  bytes: AsyncIterable<Buffer>,
  definition: ExtractDefinition,
): Promise<Content | string> {
  const hash = createHash("sha256");
  let byteCount = 0;
  async function* weigh(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      byteCount += chunk.byteLength;
      yield chunk;
    }
  }

  let header: readonly string[] | undefined;
  let rowCount = 0;
  const sums = new LoanSums(definition);
  try {
    await pipeline(bytes, weigh, parse(), async (rows: AsyncIterable<string[]>) => {
      for await (const row of rows) {
        if (header === undefined) {
          header = row;
          continue;
        }
        rowCount += 1;
        sums.add([row]);
      }
    });
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError) return error.message;
    throw error;
  }
  const { loanCount, loanTotal } = sums;
  return {
    byteCount,
    sha256: hash.digest("hex"),
    columns: (header ?? []).join(","),
    rowCount,
    loanCount,
    loanTotal,
  };
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
