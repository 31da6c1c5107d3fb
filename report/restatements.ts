/** The changes from one revision of a month to the next, read from the versions that the manifest's history names. */
import { type ExtractDefinition, Sums } from "../src/extract/definition";
import { type LoanTotals, loanTotals } from "../src/extract/definitions/loan-reconciliation";
import type { Manifest } from "../src/extract/month-manifest";
import { type FileVersion, type Motive, motiveOf } from "../src/platform/publication/manifest";
import type { ObjectStore } from "../src/platform/bucket/object-store";
import { absolute } from "./decimal";
import { type Fields, fieldsOf, readRows } from "./rows";

export interface Restatement extends Motive {
  readonly month: string;
  /** The publication was taken back. */
  readonly isWithdrawal: boolean;
  readonly revision: number;
  readonly publishedAt: string;
  readonly replaced: { readonly revision: number; readonly publishedAt: string };
  readonly files: readonly FileChange[];
}

export type FileChange = { readonly bankName: string } & (
  | { readonly what: "same bytes" | "added" | "dropped" }
  /** The version of that revision is deleted, or does not match its SHA-256. */
  | { readonly what: "gone" | "damaged"; readonly revision: number }
  | {
      readonly what: "changed";
      readonly before: Totals;
      readonly after: Totals;
      /** If the extract has one row per branch. */
      readonly branches?: BranchChanges;
    }
);

/** Which branches of a file changed. */
export interface BranchChanges {
  /** The largest change of the month's total first. */
  readonly changed: readonly BranchChange[];
  readonly added: readonly string[];
  readonly dropped: readonly string[];
}

export interface BranchChange {
  readonly branchId: string;
  readonly address: string;
  /** The columns that differ, in the file's order. */
  readonly columns: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

export interface Totals extends LoanTotals {
  readonly rowCount: number;
}

/** One per revision after the first. */
export async function readRestatements(
  objects: ObjectStore,
  definition: ExtractDefinition,
  manifest: Manifest,
): Promise<Restatement[]> {
  const nameOf = new Map(manifest.files.map(({ key, bankName }) => [key, bankName]));
  const { month, revision, publishedAt, by, reason, files } = manifest;
  const revisions = [...manifest.history, { revision, publishedAt, by, reason, files }];
  const restatements: Restatement[] = [];
  for (const [index, before] of revisions.slice(0, -1).entries()) {
    const after = revisions[index + 1];
    if (after === undefined) continue;
    const old = new Map(before.files.map((file) => [file.key, file]));
    const changes: FileChange[] = [];
    for (const file of after.files) {
      const change = await compare(objects, definition, old.get(file.key), file, [
        before.revision,
        after.revision,
      ]);
      changes.push({ bankName: nameOf.get(file.key) ?? file.key, ...change });
      old.delete(file.key);
    }
    for (const key of old.keys()) changes.push({ bankName: nameOf.get(key) ?? key, what: "dropped" });
    restatements.push({
      month,
      isWithdrawal: after.files.length === 0,
      ...motiveOf({ by: after.by, reason: after.reason }),
      revision: after.revision,
      publishedAt: after.publishedAt,
      replaced: { revision: before.revision, publishedAt: before.publishedAt },
      files: changes,
    });
  }
  return restatements;
}

type Change<Each = FileChange> = Each extends unknown ? Omit<Each, "bankName"> : never;

async function compare(
  objects: ObjectStore,
  definition: ExtractDefinition,
  before: FileVersion | undefined,
  after: FileVersion,
  [revisionBefore, revisionAfter]: readonly [number, number],
): Promise<Change> {
  if (before === undefined) return { what: "added" };
  if (before.sha256 === after.sha256) return { what: "same bytes" };
  // Without versioning there is no older version: the key holds what was written later.
  if (before.versionId === null) return { what: "gone", revision: revisionBefore };
  const old = await readContent(objects, definition, before);
  if (typeof old === "string") return { what: old, revision: revisionBefore };
  const now = await readContent(objects, definition, after);
  if (typeof now === "string") return { what: now, revision: revisionAfter };
  return {
    what: "changed",
    before: old.totals,
    after: now.totals,
    ...(definition.reconciliation.rowCounts !== undefined && { branches: compareRows(old.rows, now.rows) }),
  };
}

interface Content {
  readonly totals: Totals;
  /** By branch; empty unless the extract has one row per branch. */
  readonly rows: ReadonlyMap<string, Fields>;
}

async function readContent(
  objects: ObjectStore,
  definition: ExtractDefinition,
  file: FileVersion,
): Promise<Content | "gone" | "damaged"> {
  const rows = new Map<string, Fields>();
  let sums: Sums | undefined;
  let rowCount = 0;
  const became = await readRows(objects, file, (row, columns) => {
    sums ??= new Sums(definition, columns);
    sums.add([row]);
    rowCount += 1;
    if (definition.reconciliation.rowCounts === undefined) return;
    const fields = fieldsOf(row, columns);
    rows.set(fields["branch_id"] ?? "", fields);
  });
  if (became !== "whole") return became;
  return { totals: { rowCount, ...loanTotals(sums?.totals ?? {}) }, rows };
}

function compareRows(before: ReadonlyMap<string, Fields>, after: ReadonlyMap<string, Fields>): BranchChanges {
  const changed = [...after].flatMap(([branchId, now]) => {
    const old = before.get(branchId);
    const columns = old === undefined ? [] : differences(old, now);
    return columns.length === 0 ? [] : [{ branchId, address: now["branch_address"] ?? "", columns }];
  });
  return {
    changed: changed.sort((one, other) => Number(totalChange(other) - totalChange(one))),
    added: [...after.keys()].filter((branch) => !before.has(branch)),
    dropped: [...before.keys()].filter((branch) => !after.has(branch)),
  };
}

function differences(before: Fields, after: Fields): BranchChange["columns"] {
  return Object.entries(after).flatMap(([name, now]) => {
    const old = before[name] ?? "";
    return old === now ? [] : [{ name, before: old, after: now }];
  });
}

/** By how much the total of the branch's loans changed, up or down. */
function totalChange({ columns }: BranchChange): bigint {
  const total = columns.find(({ name }) => name === "loan_total");
  return total === undefined ? 0n : absolute(BigInt(total.after) - BigInt(total.before));
}
