/**
 * A second implementation of intake over plain arrays, slow and simple, which shares no code with the program: what a
 * delivery's outcome is, and what the tables have afterwards.
 */

export type FeedName = "clients" | "accounts" | "loans";

/** A detail as its fields: the key first. */
export type Detail = readonly string[];

export interface Sent {
  readonly feed: FeedName;
  readonly bank: 1 | 2;
  /** `2026-09-01T00:00:00Z`. */
  readonly time: string;
  readonly details: readonly Detail[];
}

interface OdsRow {
  readonly fields: Detail;
  /** The newest delivery that had the row; "" for rows that were there before. */
  readonly time: string;
}

type Table = readonly OdsRow[];

export interface Ods {
  readonly clients: Table;
  readonly accounts: Table;
  readonly loans: Table;
  /** The contents that were loaded. */
  readonly seen: readonly string[];
}

export interface Judgement {
  readonly outcome: "loaded" | "unchanged" | "rejected";
  readonly rejectedLines: readonly number[];
  readonly counts?: Readonly<Record<"inserted" | "updated" | "same" | "stale", number>>;
  readonly ods: Ods;
}

/** Banks by branch. */
const BRANCHES: Readonly<Record<string, number>> = { 10: 1, 11: 1, 20: 2 };

/** Where each feed's row refers to: the field, and the feed that has the row. */
const PARENTS = { clients: [3, undefined], accounts: [2, "clients"], loans: [2, "accounts"] } as const;

function bankOf(ods: Ods, feed: FeedName, fields: Detail): number | undefined {
  const [at, parent] = PARENTS[feed];
  const key = fields[at] ?? "";
  if (parent === undefined) return BRANCHES[key];
  const row = ods[parent].find((each) => each.fields[0] === key);
  return row === undefined ? undefined : bankOf(ods, parent, row.fields);
}

const WRONG = new Set(["", "wrong"]);

/** Whether a field is wrong that must be a name or a date. */
function isMalformed(feed: FeedName, fields: Detail): boolean {
  if (feed === "clients") return WRONG.has(fields[1] ?? "");
  return fields[3] === "wrong";
}

export function judge(ods: Ods, sent: Sent, tolerated: number): Judgement {
  const { feed, bank, time, details } = sent;
  const content = JSON.stringify(sent);
  if (ods.seen.includes(content)) return { outcome: "unchanged", rejectedLines: [], ods };

  const table = ods[feed];
  const rejected = details.map((fields) => {
    if (isMalformed(feed, fields)) return true;
    if (details.filter((other) => other[0] === fields[0]).length > 1) return true;
    if (bankOf(ods, feed, fields) !== bank) return true;
    const existing = table.find((row) => row.fields[0] === fields[0]);
    return existing !== undefined && bankOf(ods, feed, existing.fields) !== bank;
  });
  if (feed === "accounts") {
    for (const [at, fields] of details.entries()) {
      if (isMalformed(feed, fields)) continue;
      const isTwice = details.some(
        (other, index) => index !== at && other[2] === fields[2] && !isMalformed(feed, other),
      );
      const existing = table.find((row) => row.fields[0] === fields[0]);
      const isStale = existing !== undefined && existing.time > time;
      const isTaken = table.some((row) => row.fields[2] === fields[2] && row.fields[0] !== fields[0]);
      if (isTwice || (isTaken && !isStale)) rejected[at] = true;
    }
  }
  const rejectedLines = rejected.flatMap((isRejected, at) => (isRejected ? [at + 2] : []));
  if (rejectedLines.length > tolerated) return { outcome: "rejected", rejectedLines, ods };

  const counts = { inserted: 0, updated: 0, same: 0, stale: 0 };
  let rows: OdsRow[] = [...table];
  for (const [at, fields] of details.entries()) {
    if (rejected[at] === true) continue;
    const existing = rows.find((row) => row.fields[0] === fields[0]);
    const kind = kindOf(existing, fields, time);
    counts[kind] += 1;
    if (kind === "stale") continue;
    rows = [...rows.filter((row) => row !== existing), { fields, time }];
  }
  return {
    ...{ outcome: "loaded", rejectedLines, counts },
    ods: { ...ods, [feed]: rows, seen: [...ods.seen, content] },
  };
}

function kindOf(existing: OdsRow | undefined, fields: Detail, time: string) {
  if (existing === undefined) return "inserted";
  if (existing.time > time) return "stale";
  return existing.fields.join("|") === fields.join("|") ? "same" : "updated";
}
