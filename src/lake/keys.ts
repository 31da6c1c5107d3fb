/** Where things are in a tenant's bucket. */
import { type Month, monthPart, yearPart } from "../platform/month";

/** The folder of a dataset's Parquet files of one month. The partition columns are in the key and not in the file. */
export function objectFolder(dataset: string, month: Month): string {
  return `analytics-ready/${dataset}/${partition(month)}/`;
}

/** @param sha256 that of the source, so that a retry writes the same bytes to the same key. */
export function objectKey(dataset: string, month: Month, sha256: string): string {
  return `${objectFolder(dataset, month)}${sha256}.parquet`;
}

/**
 * The object that names the month's Parquet files, a URI in each line. Athena reads a partition through it, so that
 * one write changes what a query sees.
 * Source: Amazon S3 User Guide, "Querying Amazon S3 Inventory with Amazon Athena", which has the same layout.
 */
export function listKey(dataset: string, month: Month): string {
  return `tables/${dataset}/${partition(month)}/symlink.txt`;
}

export function partition(month: Month): string {
  return `year=${yearPart(month)}/month=${monthPart(month)}`;
}

export function uriOf(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** An object's bucket and key. */
export interface ObjectUri {
  readonly bucket: string;
  readonly key: string;
}

/** @returns undefined if the text is not the URI of an object. */
export function parseUri(uri: string): ObjectUri | undefined {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}
