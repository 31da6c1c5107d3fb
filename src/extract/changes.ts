/** What would change in a published month, as a run returns it. `month-comparison.ts` finds it out. */
import type { ContentComparison } from "./file-comparison";
import type { RowChange } from "./row-comparison";

export interface FileComparison extends Partial<ContentComparison> {
  readonly bankId: number;
  readonly bankName: string;
  /** The published file is gone or can't be read, as a sentence; its rows are not compared. */
  readonly problem?: string;
  /** If the rows are the same: what else differs. */
  readonly form?: "line ending" | "quotes";
}

export interface BankRowChange extends Omit<RowChange, "size"> {
  readonly bankId: number;
  readonly bankName: string;
}

export interface MonthComparison {
  /** The published revision. */
  readonly revision: number;
  /** The files that differ. */
  readonly files: readonly FileComparison[];
  /** The ten largest changes of the month's own rows, and the ten largest that only its window has. */
  readonly largest: { readonly month: readonly BankRowChange[]; readonly window: readonly BankRowChange[] };
}
