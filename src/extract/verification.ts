/**
 * Checks published months as a consumer would: by nothing but the manifest and the objects that it names. It asks
 * neither the database nor anything that the run knew.
 */
import { type ExtractDefinition, LoanSums } from "./definition";
import { VerificationError } from "../platform/errors";
import {
  isInPlace,
  type Manifest,
  type ManifestFile,
  manifestKey,
  misplacement,
  parseManifest,
} from "./manifest";
import type { Month } from "../platform/month";
import { readPublishedFile } from "../platform/publication/published-file";
import type { ObjectStore } from "../platform/bucket/object-store";

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
  const problem = misplacement(key, manifest, { definition, month });
  const problems = problem === undefined ? [] : [problem];
  for (const file of manifest.files) {
    problems.push(...(await verifyFile(objects, definition, manifest.columns, file)));
  }
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

/**
 * Reads a published file to its end; what is wrong with it, each a sentence.
 *
 * @param columns as they were when it was published.
 */
export async function verifyFile(
  objects: ObjectStore,
  definition: ExtractDefinition,
  columns: readonly string[],
  file: ManifestFile,
): Promise<string[]> {
  const { key, versionId } = file;
  const sums = new LoanSums({ ...definition, columns });
  let header: readonly string[] | undefined;
  let rowCount = 0;
  const content = await readPublishedFile(objects, file, (row) => {
    if (header === undefined) {
      header = row;
      return;
    }
    rowCount += 1;
    sums.add([row]);
  });
  if (content === undefined) return [`${key} is gone: there is no version ${versionId ?? "of it"}`];
  if (typeof content === "string") return [`${key} is not the CSV file that was published: ${content}`];
  const compared = [
    ["bytes", content.byteCount, file.byteCount],
    ["SHA-256", content.sha256, file.sha256],
    ["columns", (header ?? []).join(","), columns.join(",")],
    ["rows", rowCount, file.rowCount],
    ["loans", String(sums.loanCount), file.loanCount],
    ["loans' total", String(sums.loanTotal), file.loanTotal],
  ] as const;
  const problems = compared.flatMap(([what, actual, expected]) =>
    actual === expected ? [] : [`${key}: ${what} ${actual}, but the manifest says ${expected}`],
  );
  if (!isInPlace(file, await objects.head(key))) {
    problems.push(`${key}: something else has been put in the place of the published version`);
  }
  return problems;
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
