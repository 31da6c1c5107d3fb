/** Reads each published file once. Keeps a few sums for each bank and month, and the branches of two months. */
import { type ExtractDefinition, parseTotals } from "../src/extract/definition";
import { type LoanTotals, loanTotals } from "../src/extract/definitions/loan-reconciliation";
import type { Manifest, ManifestFile } from "../src/extract/month-manifest";
import type { FileStatus } from "../src/extract/status";
import type { ObjectStore } from "../src/platform/bucket/object-store";
import type { Month } from "../src/platform/month";
import {
  averageColumns,
  BankWindow,
  type BranchWindow,
  branchWindow,
  type Mover,
  moversOf,
} from "./averages";
import type { BankFigures, BankPoint } from "./bank-figures";
import { absolute } from "./decimal";
import { extractCommand, type Problem } from "./problems";
import { fieldsOf, readRows } from "./rows";

/** The name of the sum over all banks. */
const ALL_BANKS = "All banks";

export function isWithAverages(manifest: Manifest | undefined): boolean {
  return manifest !== undefined && averageColumns.every((column) => manifest.columns.includes(column));
}

export class Reading {
  readonly problems: Problem[] = [];
  fileCount = 0;
  readonly #names = new Map<number, string>();
  readonly #windows = new Map<string, BankWindow>();
  readonly #totals = new Map<string, LoanTotals>();
  /** All banks together, by month; undefined if a file could not be read. */
  readonly #all = new Map<Month, { totals: LoanTotals; window: BankWindow } | undefined>();
  readonly #branches = new Map<string, Map<string, BranchWindow>>();

  /** @param ends the months whose branches are compared. */
  constructor(
    private readonly objects: ObjectStore,
    private readonly definition: ExtractDefinition,
    private readonly ends: readonly [Month, Month] | undefined,
  ) {}

  async readMonth(month: Month, manifest: Manifest): Promise<FileStatus[]> {
    const files: FileStatus[] = [];
    const window = new BankWindow();
    for (const file of manifest.files) files.push(await this.#read(month, manifest, file, window));
    const isWhole = files.every(({ status }) => status === "verified");
    const totals = loanTotals(parseTotals(this.definition, manifest.totals));
    this.#all.set(month, isWhole ? { totals, window } : undefined);
    return files;
  }

  async #read(month: Month, manifest: Manifest, file: ManifestFile, all: BankWindow): Promise<FileStatus> {
    const { bankId, bankName, key } = file;
    this.#names.set(bankId, bankName);
    const window = new BankWindow();
    const branches = new Map<string, BranchWindow>();
    const [withAverages, isEnd] = [isWithAverages(manifest), this.ends?.includes(month) === true];
    const onRow = (row: readonly string[], columns: readonly string[]) => {
      const branch = branchWindow(fieldsOf(row, columns));
      window.add(branch);
      all.add(branch);
      if (isEnd) branches.set(branch.branchId, branch);
    };
    const became = await readRows(this.objects, file, withAverages ? onRow : undefined);
    if (became !== "whole") {
      const what = became === "gone" ? "is missing" : "does not match its manifest";
      this.problems.push({
        what: `${month}: ${key} ${what}, so its figures are not in this report.`,
        command: extractCommand(this.definition, month),
      });
      return { bankId, bankName, key, status: "damaged" };
    }
    this.fileCount += 1;
    this.#totals.set(place(bankId, month), loanTotals(parseTotals(this.definition, file)));
    if (withAverages) this.#windows.set(place(bankId, month), window);
    if (isEnd) this.#branches.set(place(bankId, month), branches);
    if (!window.isExact) {
      this.problems.push({
        what: `${month}: ${bankName} has no average, because some loans have no amount and the file does not show how many.`,
      });
    }
    return { bankId, bankName, key, status: "verified" };
  }

  windowOf(bankId: number, month: Month): BankWindow | undefined {
    return this.#windows.get(place(bankId, month));
  }

  /** All banks together first, if there are several; then each by id. */
  banks(months: readonly Month[]): { readonly all: BankFigures; readonly each: readonly BankFigures[] } {
    const each = [...this.#names]
      .sort(([one], [other]) => one - other)
      .map(([id, name]): BankFigures => {
        const points = months.map((month) =>
          pointOf(month, this.#totals.get(place(id, month)), this.windowOf(id, month)),
        );
        return { id, name, points };
      });
    const points = months.map((month) => {
      const all = this.#all.get(month);
      return pointOf(month, all?.totals, all?.window);
    });
    return { all: { id: undefined, name: ALL_BANKS, points }, each };
  }

  /** The branches' changes between both ends, the largest first. */
  movers(): Mover[] {
    if (this.ends === undefined) return [];
    const [first, last] = this.ends;
    const nothing = new Map<string, BranchWindow>();
    return [...this.#names]
      .flatMap(([id, name]) =>
        moversOf(
          name,
          this.#branches.get(place(id, first)) ?? nothing,
          this.#branches.get(place(id, last)) ?? nothing,
        ),
      )
      .sort((one, other) => Number(absolute(other.changePerMille) - absolute(one.changePerMille)));
  }
}

function place(bankId: number, month: Month): string {
  return `${bankId} ${month}`;
}

function pointOf(month: Month, totals: LoanTotals | undefined, window: BankWindow | undefined): BankPoint {
  return {
    month,
    amount: totals?.loanTotal,
    loans: totals?.loanCount,
    average: window?.average,
    windowLoanCount: window?.loanCount,
  };
}
