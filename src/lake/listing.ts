/** What a tenant's queries see: the files that its lists name. Nothing else in the bucket counts. */
import type { Month } from "../platform/month";
import type { Bucket } from "./buckets";
import { parseUri } from "./keys";

export interface ListedFile {
  readonly dataset: string;
  readonly month: Month;
  readonly bucket: string;
  readonly key: string;
}

const LIST = /^tables\/([^/]+)\/year=(\d{4})\/month=(\d{2})\/symlink\.txt$/;

export async function listedFiles(bucket: Bucket): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const key of bucket.versions.list("tables/")) {
    const [, dataset, year, monthOfYear] = LIST.exec(key) ?? [];
    const list = dataset === undefined ? undefined : await bucket.objects.read(key);
    if (dataset === undefined || list === undefined) continue;
    const month = `${year ?? ""}-${monthOfYear ?? ""}` as Month;
    for (const line of list.text.split("\n")) {
      const address = parseUri(line);
      if (address !== undefined) files.push({ dataset, month, ...address });
    }
  }
  return files;
}
