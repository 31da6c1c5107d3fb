/** The list of a tenant's month that is made of several sources: it follows from the month's entries. */
import { createHash } from "node:crypto";

import { ConflictError } from "../../platform/errors";
import type { Bucket } from "../buckets";
import { listKey, uriOf } from "../keys";
import type { TenantLake } from "../tenant-lake";
import { type MonthEntries, readEntries, type TenantMonth } from "./records";

/** Each attempt fails only because another run was faster. */
const ATTEMPTS = 10;

/** The Parquet files that the list is to name. */
export function filesOf({ keys, compacted }: MonthEntries): readonly string[] {
  const one = compacted.get(keysDigest(keys));
  return one === undefined ? keys : [one];
}

export function keysDigest(keys: readonly string[]): string {
  return createHash("sha256").update(keys.join("\n")).digest("hex");
}

export function listTextOf({ name }: Bucket, keys: readonly string[]): string {
  return keys.map((key) => `${uriOf(name, key)}\n`).join("");
}

/**
 * Makes the list name what the entries say. A run that has written an entry calls this afterwards, and it looks again after
 * each write of its own; so whatever the order of several runs, the last of them leaves the list that the entries mean.
 *
 * @returns whether the list has changed.
 * @throws ConflictError if other runs were faster each time.
 */
export async function updateList(
  { items, open, settings }: TenantLake,
  month: TenantMonth,
): Promise<boolean> {
  const bucket = open(settings.bucketOf(month.tenant));
  const key = listKey(month.dataset, month.month);
  let hasChanged = false;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const list = await bucket.objects.read(key);
    const text = listTextOf(bucket, filesOf(await readEntries(items, month)));
    if (text === (list?.text ?? "")) return hasChanged;
    try {
      if (text === "" && list !== undefined) await bucket.objects.remove(key, list.version);
      else await bucket.objects.put(key, text, "text/plain", list?.version);
      hasChanged = true;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  throw new ConflictError(`other runs change ${uriOf(bucket.name, key)} all the time`, {
    hint: "Wait until the other runs have ended.",
  });
}
