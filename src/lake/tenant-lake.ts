/** The tenants' buckets and the table of records: what every run of the lake works with. */
import type { Edge } from "../platform/edge";
import { type InTurn, turns } from "../platform/parallel";
import { type OpenBucket, openBuckets } from "./buckets";
import { ItemTable } from "./item-table";
import { LineageTable } from "./lineage";
import type { TenantSettings } from "./settings";

/** Each holds a row group in memory, twice while it is written. */
const FILES_AT_ONCE = 2;

export interface TenantLake {
  readonly settings: TenantSettings;
  readonly open: OpenBucket;
  readonly items: ItemTable;
  readonly lineage: LineageTable;
  /** For whatever holds row groups in memory. */
  readonly inTurn: InTurn;
  readonly runId: string;
  readonly now: () => Date;
}

export async function openTenantLake<Settings extends TenantSettings>(
  settings: Settings,
  edge: Edge,
): Promise<TenantLake & { readonly settings: Settings }> {
  const items = await ItemTable.open(edge, settings.lineageTable);
  return {
    settings,
    open: await openBuckets(settings.bucketNamed(""), edge),
    ...{ items, lineage: new LineageTable(items), inTurn: turns(FILES_AT_ONCE) },
    ...{ runId: edge.runId, now: edge.now },
  };
}
