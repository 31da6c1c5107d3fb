/** Where each Parquet file comes from: one item for each content of an object, and one for each month of a dataset. */
import * as v from "valibot";

import { ConflictError } from "../platform/errors";
import type { Month } from "../platform/month";
import type { ItemTable } from "./item-table";
import { uriOf } from "./keys";

const address = { bucket: v.string(), key: v.string() };
const month = v.custom<Month>((value) => typeof value === "string");

const lineage = v.object({
  schemaVersion: v.literal(1),
  /** The Parquet file, or the checked rows that it is made of. */
  object: v.object({ ...address, sha256: v.string(), byteCount: v.number() }),
  tenant: v.string(),
  dataset: v.string(),
  month,
  /** SHA-256 of the columns' names and types. */
  definition: v.object({ sha256: v.string() }),
  rowCount: v.number(),
  totals: v.record(v.string(), v.string()),
  /** The files that it was made of, each with what is known of its own origin. */
  parents: v.array(
    v.object({
      ...address,
      versionId: v.nullable(v.string()),
      sha256: v.string(),
      /** Of an extract's file: the manifest that names it, and the run, the statement and the snapshot that it states. */
      manifest: v.optional(
        v.object({
          ...{ key: v.string(), revision: v.number(), runId: v.string(), publishedAt: v.string() },
          query: v.object({ name: v.string(), sha256: v.string() }),
          source: v.object({ database: v.string(), serverVersion: v.string(), snapshot: v.string() }),
        }),
      ),
    }),
  ),
  program: v.object({ version: v.string() }),
  runId: v.string(),
  recordedAt: v.string(),
});

/** What every Parquet file has one of. */
export type Lineage = v.InferOutput<typeof lineage>;

const lakeMonth = v.object({
  schemaVersion: v.literal(1),
  dataset: v.string(),
  month,
  state: v.picklist(["published", "withdrawn"]),
  /** That of the manifest. */
  revision: v.number(),
  /** The manifest's key. */
  manifest: v.string(),
  /** The month's Parquet files of all tenants, ordered by tenant; none if the month is withdrawn. */
  objects: v.array(v.object({ tenant: v.string(), ...address, rowCount: v.number() })),
  runId: v.string(),
  recordedAt: v.string(),
});

/** A month of a dataset in all tenants' buckets: it is there when this says so. */
export type LakeMonth = v.InferOutput<typeof lakeMonth>;

/** The part of a month's item. */
const MONTH = "month";

export class LineageTable {
  constructor(private readonly items: ItemTable) {}

  /** Records a file. If this very content is recorded already, its first record stays. */
  async record(item: Lineage): Promise<void> {
    const { bucket, key, sha256 } = item.object;
    await this.items.put(uriOf(bucket, key), sha256, item, { if: "first" });
  }

  /** Everything that was ever recorded at a key, one item for each content. */
  async find(bucket: string, key: string): Promise<readonly Lineage[]> {
    return (await this.items.query(uriOf(bucket, key))).map(({ content }) => v.parse(lineage, content));
  }

  async readMonth(dataset: string, month: Month): Promise<LakeMonth | undefined> {
    const found = await this.items.get(monthSubject(dataset, month), MONTH);
    return found === undefined ? undefined : v.parse(lakeMonth, found);
  }

  /** @throws ConflictError if a later revision is recorded. */
  async writeMonth(record: LakeMonth): Promise<void> {
    const subject = monthSubject(record.dataset, record.month);
    if (await this.items.put(subject, MONTH, record, { if: "not older" })) return;
    throw new ConflictError(
      `another run has recorded a later revision of ${record.dataset} ${record.month}`,
      {
        hint: "Wait until the other run has ended; the next one continues from what is published.",
      },
    );
  }
}

function monthSubject(dataset: string, month: Month): string {
  return `month/${dataset}/${month}`;
}
