/** The tenants' buckets and the table of records: what every run of the lake works with. */
import type { Edge } from "../platform/edge";
import { type OpenBucket, openBuckets } from "./buckets";
import { ItemTable } from "./item-table";
import { LineageTable } from "./lineage";
import type { TenantSettings } from "./settings";

export interface TenantLake {
  readonly settings: TenantSettings;
  readonly open: OpenBucket;
  readonly items: ItemTable;
  readonly lineage: LineageTable;
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
    ...{ items, lineage: new LineageTable(items) },
    ...{ runId: edge.runId, now: edge.now },
  };
}
