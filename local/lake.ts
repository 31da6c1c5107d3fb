/** The lake of the local stack: its settings. */

/** The settings that the lake needs besides the AWS endpoints and credentials. */
export function lakeSettings(extractsBucket: string) {
  return {
    EXTRACT_BUCKET: extractsBucket,
    LAKE_BUCKETS: "lake-{tenant}",
    LAKE_LINEAGE_TABLE: "lineage",
  } as const;
}
