/**
 * What an extract has published of a month, as its manifest says. The lake reads it as any consumer does, by
 * docs/manifest.schema.json, and knows nothing of how it was made.
 */
import * as v from "valibot";

import { type Month, monthPart, yearPart } from "../platform/month";
import { manifestEntries, parseManifest, publishedFileEntries } from "../platform/publication/manifest";
import type { Bucket } from "./buckets";
import type { ExtractDataset } from "./dataset";

const manifest = v.looseObject({
  ...manifestEntries,
  extract: v.string(),
  month: v.string(),
  files: v.array(
    // The control totals are further entries, named by the extract.
    v.objectWithRest(
      { ...publishedFileEntries, bankId: v.number(), bankName: v.string() },
      v.union([v.string(), v.number(), v.null()]),
    ),
  ),
});

export type PublishedMonth = v.InferOutput<typeof manifest>;
export type SourceFile = PublishedMonth["files"][number];

const PLACE = /^_manifests\/(\d{4})\/(\d{2})\.json$/;

export function manifestKey(prefix: string, { folder }: ExtractDataset, month: Month): string {
  return `${manifestFolder(prefix, folder)}${yearPart(month)}/${monthPart(month)}.json`;
}

function manifestFolder(prefix: string, folder: string): string {
  return `${prefix}${folder}_manifests/`;
}

/**
 * @returns undefined if the month is not published.
 * @throws StorageError if the manifest can't be read, or is of another extract or month.
 */
export async function readPublishedMonth(
  source: Bucket,
  key: string,
  dataset: ExtractDataset,
  month: Month,
): Promise<PublishedMonth | undefined> {
  const found = await source.objects.read(key);
  if (found === undefined) return undefined;
  const expected = v.pipe(
    manifest,
    v.check(
      (content) => content.extract === dataset.name && content.month === month,
      `it is not of ${dataset.name} and ${month}`,
    ),
  );
  return parseManifest(expected, key, found.text);
}

/** The months that have a manifest, in order. */
export async function publishedMonths(
  source: Bucket,
  prefix: string,
  { folder }: ExtractDataset,
): Promise<Month[]> {
  const months: Month[] = [];
  const start = `${prefix}${folder}`;
  for await (const key of source.versions.list(manifestFolder(prefix, folder))) {
    const [, year, month] = PLACE.exec(key.slice(start.length)) ?? [];
    if (year !== undefined && month !== undefined) months.push(`${year}-${month}` as Month);
  }
  return months;
}
