/** What the lake has of the extract's months, beside what is published. Nothing is verified: `verify --lake` does that. */
import type { Lake } from "../src/lake/lake-month";
import type { Month } from "../src/platform/month";
import type { Problem } from "./problems";

export interface LakeFigures {
  readonly dataset: string;
  /** One per month of the range. */
  readonly months: readonly LakeMonthFigures[];
}

export interface LakeMonthFigures {
  readonly month: Month;
  /** The extract's revision; undefined if the month is neither published nor withdrawn. */
  readonly published: number | undefined;
  /** The lake's; undefined if the lake has no record of the month. */
  readonly revision: number | undefined;
  /**
   * `current`: the lake has what is published; `missing` and `outdated`: the lake lacks the month, or has another
   * revision of it; `withdrawn`: from both; `unpublished`: neither has it.
   */
  readonly status: "current" | "missing" | "outdated" | "withdrawn" | "unpublished";
  readonly fileCount: number;
  readonly rowCount: number;
}

/** @param revisionOf the revision that the extract's manifest has, also of a withdrawn month. */
export async function readLake(
  { lineage }: Pick<Lake, "lineage">,
  dataset: string,
  months: readonly Month[],
  revisionOf: (month: Month) => number | undefined,
): Promise<LakeFigures> {
  const figures: LakeMonthFigures[] = [];
  for (const month of months) {
    const record = await lineage.readMonth(dataset, month);
    const published = revisionOf(month);
    const objects = record?.objects ?? [];
    figures.push({
      ...{ month, published, revision: record?.revision },
      status: statusOf(published, record),
      fileCount: objects.length,
      rowCount: objects.reduce((sum, { rowCount }) => sum + rowCount, 0),
    });
  }
  return { dataset, months: figures };
}

function statusOf(
  published: number | undefined,
  record: { readonly revision: number; readonly state: "published" | "withdrawn" } | undefined,
): LakeMonthFigures["status"] {
  if (record === undefined) return published === undefined ? "unpublished" : "missing";
  if (record.revision !== published) return "outdated";
  return record.state === "withdrawn" ? "withdrawn" : "current";
}

export function lakeProblems({ dataset, months }: LakeFigures): Problem[] {
  return months.flatMap(({ month, status, published, revision }) => {
    const command = `npx bank-batch lake --dataset ${dataset} --month ${month}`;
    if (status === "missing") return [{ what: `${month} is published, but is not in the lake.`, command }];
    if (status !== "outdated") return [];
    const now = published === undefined ? "not published any more" : `published as revision ${published}`;
    return [{ what: `${month} is in the lake as revision ${revision ?? ""}, but is ${now}.`, command }];
  });
}
