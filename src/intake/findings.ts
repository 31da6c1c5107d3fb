/** What is found wrong with a delivery. Memory is bounded: the first problems are kept, the others are counted. */
import type { Problem, RejectedRecord } from "./result";

/** Problems and rejected records that are kept. */
export const KEPT = 1000;

/** Characters of a record that are kept. */
export const KEPT_CHARACTERS = 1000;

export class Findings {
  readonly #problems: Problem[] = [];
  readonly #rejects = new Map<number, { record: string; readonly reasons: string[] }>();
  #problemCount = 0;
  #rejectedRecords = 0;
  #isFileWrong = false;

  /** Something is wrong with the file, so none of its records can be loaded. */
  file(reason: string, place: Omit<Problem, "reason"> = {}): void {
    this.#isFileWrong = true;
    this.#add({ ...place, reason });
  }

  /** A record is wrong. @param record as it came, if it is known already. */
  record(
    line: number,
    problems: readonly { readonly reason: string; readonly column?: string }[],
    record = "",
  ): void {
    for (const problem of problems) this.#add({ line, ...problem, ...(record !== "" && { record }) });
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

  /** Whether another record would only be counted. */
  get isFull(): boolean {
    return this.#problems.length >= KEPT && this.#rejects.size >= KEPT;
  }

  get problemCount(): number {
    return this.#problemCount;
  }

  /** In the order of lines; those of the whole file first. */
  get problems(): Problem[] {
    const quoted = this.#problems.map((problem) => {
      const record = problem.record ?? this.#rejects.get(problem.line ?? 0)?.record ?? "";
      return record === "" ? problem : { ...problem, record };
    });
    return quoted.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
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

  #add(problem: Problem): void {
    this.#problemCount += 1;
    if (this.#problems.length < KEPT) this.#problems.push(problem);
  }
}
