/** One bank's file of a month in the making: its bytes, and on the way the tally that proves them. */
import { createHash, type Hash } from "node:crypto";

import { CsvWriter, type LineEnding } from "../platform/format/csv";
import type { Row } from "../platform/database/database";
import { type ExtractDefinition, LoanSums, type LoanTotals } from "./definition";

/** What is known of a file's content without looking into it again. */
export interface Tally extends LoanTotals {
  readonly rowCount: number;
  readonly byteCount: number;
  /** SHA-256 of the bytes in hexadecimal. */
  readonly sha256: string;
}

/** The file's bytes, to be iterated once; the tally holds what has been iterated so far. */
export class CsvFile implements AsyncIterable<Buffer> {
  readonly #columns: readonly string[];
  readonly #sums: LoanSums;
  readonly #rows: AsyncIterable<readonly Row[]>;
  readonly #writer: CsvWriter;
  readonly #hash: Hash = createHash("sha256");
  readonly #onProgress: (rowCount: number, byteCount: number) => void;
  #rowCount = 0;
  #byteCount = 0;

  constructor(
    definition: ExtractDefinition,
    rows: AsyncIterable<readonly Row[]>,
    lineEnding: LineEnding,
    onProgress: (rowCount: number, byteCount: number) => void = () => undefined,
  ) {
    this.#columns = definition.columns;
    this.#sums = new LoanSums(definition);
    this.#rows = rows;
    this.#writer = new CsvWriter(lineEnding);
    this.#onProgress = onProgress;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield this.#weigh(this.#writer.lines([this.#columns]));
    for await (const batch of this.#rows) {
      this.#sums.add(batch);
      this.#rowCount += batch.length;
      const lines = this.#weigh(this.#writer.lines(batch));
      this.#onProgress(this.#rowCount, this.#byteCount);
      yield lines;
    }
  }

  /** Of what has been iterated so far. */
  get byteCount(): number {
    return this.#byteCount;
  }

  tally(): Tally {
    return {
      rowCount: this.#rowCount,
      byteCount: this.#byteCount,
      sha256: this.#hash.copy().digest("hex"),
      loanCount: this.#sums.loanCount,
      loanTotal: this.#sums.loanTotal,
    };
  }

  #weigh(chunk: Buffer): Buffer {
    this.#hash.update(chunk);
    this.#byteCount += chunk.byteLength;
    return chunk;
  }
}
