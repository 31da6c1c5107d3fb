/** Checks published months as a consumer would: by the manifest and the objects that it names, and nothing else. */
import type { ObjectStore } from "../platform/bucket/object-store";
import { VerificationError } from "../platform/errors";
import type { Month } from "../platform/month";
import { isInPlace } from "../platform/publication/manifest";
import { readPublishedFile } from "../platform/publication/published-file";
import { addTotals, type ExtractDefinition, formatTotals, parseTotals, Sums } from "./definition";
import { findManifest, type Manifest, type ManifestFile } from "./month-manifest";
import { withdrawnFiles } from "./withdrawal";
import type { Layout } from "./object-key";

export interface MonthVerification {
  readonly extract: string;
  readonly month: Month;
  /**
   * `withdrawn`: taken back on purpose, and no file is left at its key; `missing`: there is no manifest; `damaged`:
   * something is not as the manifest says, or the manifest is not one.
   */
  readonly status: "verified" | "withdrawn" | "missing" | "damaged";
  readonly revision?: number;
  /** The manifest's key. */
  readonly manifest: string;
  /** Sentences that name the object; empty if verified or withdrawn. */
  readonly problems: readonly string[];
}

/** Verifies one month: reads every object that its manifest names to the end, by its version. */
export async function verifyMonth(
  objects: ObjectStore,
  layout: Layout,
  definition: ExtractDefinition,
  month: Month,
): Promise<MonthVerification> {
  const found = await findManifest(objects, layout, definition, month);
  const verification = { extract: definition.name, month, manifest: found.key };
  switch (found.state) {
    case "missing": {
      const problem = `${definition.name} of ${month} is not published: there is no ${found.key}`;
      return { ...verification, status: "missing", problems: [problem] };
    }
    case "unreadable":
      return { ...verification, status: "damaged", problems: [found.problem] };
    case "readable": {
      const { manifest } = found;
      const problems: string[] = [];
      for (const file of manifest.files) {
        problems.push(...(await verifyFile(objects, definition, manifest.columns, file)));
      }
      problems.push(...totalsProblems(definition, manifest));
      problems.push(...(await withdrawalProblems(objects, manifest)));
      const intact = manifest.state === "withdrawn" ? "withdrawn" : "verified";
      const status = problems.length === 0 ? intact : "damaged";
      return { ...verification, status, revision: manifest.revision, problems };
    }
  }
}

/** @throws VerificationError that names every problem of these months. */
export function expectVerified(months: readonly MonthVerification[]): void {
  const problems = months.flatMap((month) => month.problems);
  if (problems.length === 0) return;
  const isMissing = months.some(({ status }) => status === "missing");
  throw new VerificationError(problems.join("; "), {
    hint: isMissing
      ? "Run the missing month; if its run failed, its message has the reason."
      : "Don't use these files. Run the month again: it puts back what was replaced, or says what changed.",
  });
}

/**
 * Reads a published file to its end.
 *
 * @param columns the columns' names when the file was published.
 * @returns its problems as sentences.
 */
export async function verifyFile(
  objects: ObjectStore,
  definition: ExtractDefinition,
  columns: readonly string[],
  file: ManifestFile,
): Promise<string[]> {
  const { key, versionId } = file;
  const sums = new Sums(definition, columns);
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
  const actual = {
    ...{ byteCount: content.byteCount, sha256: content.sha256, columns: (header ?? []).join(","), rowCount },
    ...formatTotals(definition, sums.totals),
  };
  const expected: Readonly<Record<string, unknown>> = { ...file, columns: columns.join(",") };
  const problems = Object.entries(actual).flatMap(([name, value]) =>
    value === expected[name]
      ? []
      : [`${key}: ${name} is ${value}, the manifest says ${String(expected[name])}`],
  );
  if (!isInPlace(file, await objects.head(key))) {
    problems.push(displacement(file));
  }
  return problems;
}

/** The problem of a file whose key holds something else, or nothing. */
export function displacement({ key }: ManifestFile): string {
  return `${key}: the key no longer holds the published version`;
}

/** A withdrawal that died may have left withdrawn files at their keys. */
export async function withdrawalProblems(objects: ObjectStore, manifest: Manifest): Promise<string[]> {
  const left = await withdrawnFiles(objects, manifest);
  return left.map(({ key }) => `${key}: the key still holds the withdrawn version; withdraw the month again`);
}

function totalsProblems(definition: ExtractDefinition, { files, totals, month }: Manifest): string[] {
  const sums = addTotals(
    definition,
    files.map((file) => parseTotals(definition, file)),
  );
  const actual = {
    rowCount: files.reduce((sum, { rowCount }) => sum + rowCount, 0),
    ...formatTotals(definition, sums),
  };
  return Object.entries(actual).flatMap(([name, value]) =>
    value === totals[name]
      ? []
      : [`${month}: the files' ${name} adds up to ${value}, the manifest says ${String(totals[name])}`],
  );
}
