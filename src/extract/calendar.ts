/** What is there of banks and months as a grid, for whatever shows it: a terminal, a page. */
import type { Month } from "../platform/month";
import type { FileStatus, MonthStatus } from "./status";

export type Sign = FileStatus["status"] | "missing" | "unreadable" | "absent";

/** In the order of a legend. */
export const signs: Readonly<Record<Sign, { readonly sign: string; readonly meaning: string }>> = {
  published: { sign: "●", meaning: "published" },
  verified: { sign: "✓", meaning: "published, and every byte is as it was" },
  unverified: { sign: "?", meaning: "published, but its key holds another version or none" },
  damaged: { sign: "✗", meaning: "published, and gone or not what its manifest says" },
  unreadable: { sign: "!", meaning: "the manifest can't be read" },
  missing: { sign: "–", meaning: "not published" },
  absent: { sign: "·", meaning: "published without this bank" },
};

/** What a number behind a sign means. */
export const REVISION_MEANING = "the revision, where it is not the first";

export interface Calendar {
  /** The months, as many abreast as a line or a page holds. */
  readonly years: readonly (readonly Month[])[];
  /** All banks by id, each under the name that it had last; one for all where nothing is published. */
  readonly banks: readonly { readonly name: string; readonly cells: ReadonlyMap<Month, Cell> }[];
  /** The signs that stand in it. */
  readonly used: readonly Sign[];
  readonly hasRevisions: boolean;
}

export interface Cell {
  readonly sign: Sign;
  /** Where it is not the first. */
  readonly revision?: number;
}

const MONTHS_ABREAST = 12;

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
    years: Array.from({ length: Math.ceil(order.length / MONTHS_ABREAST) }, (_, at) =>
      order.slice(MONTHS_ABREAST * at, MONTHS_ABREAST * (at + 1)),
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
