/**
 * What is found wrong with a delivery. Memory is bounded: the first problems are kept, the others are counted. Thousands
 * of wrong records don't displace what is wrong with the file.
 */
import type { Problem, RejectedRecord } from "./result";

/** Problems and rejected records that are kept. */
export const KEPT = 1000;

/** Characters of a record that are kept. */
const KEPT_CHARACTERS = 1000;

export class Findings {
  readonly #ofFile: Problem[] = [];
  readonly #ofRecords: Problem[] = [];
  readonly #rejects = new Map<number, { record: string; readonly reasons: string[] }>();
  #problemCount = 0;
  #rejectedRecords = 0;
  #isFileWrong = false;

  /** Something is wrong with the file, so none of its records can be loaded. */
  file(reason: string, place: Omit<Problem, "reason"> = {}): void {
    this.#isFileWrong = true;
    this.#problemCount += 1;
    if (this.#ofFile.length < KEPT) this.#ofFile.push({ ...place, reason });
  }

  /** A record is wrong. @param record as it came, if it is known already. */
  record(
    line: number,
    problems: readonly { readonly reason: string; readonly column?: string }[],
    record = "",
  ): void {
    this.#problemCount += problems.length;
    for (const problem of problems.slice(0, KEPT - this.#ofRecords.length)) {
      this.#ofRecords.push({ line, ...problem });
    }
    const known = this.#rejects.get(line);
    const reasons = problems.map(({ column, reason }) =>
      column === undefined ? reason : `${column} ${reason}`,
    );
    if (known !== undefined) {
      known.reasons.push(...reasons);
      return;
    }
    this.#rejectedRecords += 1;
    if (this.#rejects.size < KEPT) this.#rejects.set(line, { record, reasons });
  }

  /** More wrong records than those that {@link Findings.record} was told of. */
  countMore(records: number, problems: number): void {
    this.#rejectedRecords += records;
    this.#problemCount += problems;
  }

  get isFileWrong(): boolean {
    return this.#isFileWrong;
  }

  get rejectedRecords(): number {
    return this.#rejectedRecords;
  }

  /** Whether another record would only be counted: each of those that are kept has a problem at least. */
  get isFull(): boolean {
    return this.#rejects.size >= KEPT;
  }

  get problemCount(): number {
    return this.#problemCount;
  }

  /** In the order of lines; those of the whole file first. If there are too many, those of the last records are left out. */
  get problems(): Problem[] {
    const kept = [...this.#ofFile, ...this.#ofRecords].slice(0, KEPT).map((problem) => {
      const record = problem.record ?? this.#rejects.get(problem.line ?? 0)?.record ?? "";
      return record === "" ? problem : { ...problem, record };
    });
    return kept.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  }

  get rejects(): RejectedRecord[] {
    return [...this.#rejects]
      .map(([line, reject]) => ({ line, ...reject }))
      .sort((one, other) => one.line - other.line);
  }

  /** The lines of which the record isn't known yet. */
  get unquotedLines(): Set<number> {
    return new Set([...this.#rejects].filter(([, { record }]) => record === "").map(([line]) => line));
  }

  quote(line: number, record: string): void {
    const reject = this.#rejects.get(line);
    if (reject !== undefined) reject.record = record;
  }
}

/** A record as it came, shortened if it is long. */
export function quoted(bytes: Buffer, start: number, end: number): string {
  // No character has more than four bytes.
  const text = bytes.toString("utf8", start, Math.min(end, start + 4 * KEPT_CHARACTERS));
  return text.length > KEPT_CHARACTERS ? `${text.slice(0, KEPT_CHARACTERS)}…` : text;
}
