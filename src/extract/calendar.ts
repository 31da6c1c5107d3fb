/** The status of banks and months as a grid, for a terminal or a page. */
import type { Month } from "../platform/month";
import type { FileStatus, MonthStatus } from "./status";

export type Sign = FileStatus["status"] | "withdrawn" | "missing" | "unreadable" | "absent";

/** In the order of the legend. */
export const signs: Readonly<Record<Sign, { readonly sign: string; readonly meaning: string }>> = {
  published: { sign: "●", meaning: "published" },
  verified: { sign: "✓", meaning: "published, and every byte is as it was" },
  unverified: { sign: "?", meaning: "published, but the key holds another version, or none" },
  damaged: { sign: "✗", meaning: "published, but gone or not what its manifest says" },
  withdrawn: { sign: "○", meaning: "withdrawn on purpose" },
  unreadable: { sign: "!", meaning: "the manifest can't be read" },
  missing: { sign: "–", meaning: "not published" },
  absent: { sign: "·", meaning: "published without this bank" },
};

/** What a number after a sign means. */
export const REVISION_MEANING = "the revision, where it is not the first";

export interface Calendar {
  /** The months in rows as wide as a line or a page. */
  readonly years: readonly (readonly Month[])[];
  /** All banks by id, each with its latest name; a single unnamed one if nothing is published. */
  readonly banks: readonly { readonly name: string; readonly cells: ReadonlyMap<Month, Cell> }[];
  /** The signs that occur. */
  readonly used: readonly Sign[];
  readonly hasRevisions: boolean;
}

export interface Cell {
  readonly sign: Sign;
  /** Unless it is the first. */
  readonly revision?: number;
}

const MONTHS_PER_ROW = 12;

export function calendarOf(months: readonly Omit<MonthStatus, "problems">[]): Calendar {
  const names = new Map(
    months.flatMap(({ files }) => files.map(({ bankId, bankName }) => [bankId, bankName])),
  );
  const rows: [id: number | undefined, name: string][] = [...names].sort(([one], [other]) => one - other);
  if (rows.length === 0) rows.push([undefined, "no bank"]);
  const banks = rows.map(([id, name]) => ({
    name,
    cells: new Map(months.map((month) => [month.month, cellOf(month, id)])),
  }));
  const cells = banks.flatMap((bank) => [...bank.cells.values()]);
  const order = months.map(({ month }) => month);
  return {
    years: Array.from({ length: Math.ceil(order.length / MONTHS_PER_ROW) }, (_, at) =>
      order.slice(MONTHS_PER_ROW * at, MONTHS_PER_ROW * (at + 1)),
    ),
    banks,
    used: (Object.keys(signs) as Sign[]).filter((each) => cells.some(({ sign }) => sign === each)),
    hasRevisions: cells.some(({ revision }) => revision !== undefined),
  };
}

function cellOf(
  { status, revision = 1, files }: Omit<MonthStatus, "problems">,
  bankId: number | undefined,
): Cell {
  if (status !== "published") return { sign: status };
  const file = files.find((each) => each.bankId === bankId);
  if (file === undefined) return { sign: "absent" };
  return { sign: file.status, ...(revision > 1 && { revision }) };
}
