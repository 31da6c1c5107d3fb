/** One bank file as it is made: its bytes, and the counts and totals that prove them. */
import { createHash, type Hash } from "node:crypto";

import type { Row } from "../platform/database/row-stream";
import { CsvWriter, type LineEnding } from "../platform/format/csv";
import { columnNames, type ExtractDefinition, Sums, type Totals } from "./definition";

/** What is known of a file's content without reading it again. */
export interface Tally {
  readonly rowCount: number;
  readonly byteCount: number;
  /** SHA-256 of the bytes in hexadecimal. */
  readonly sha256: string;
  readonly totals: Totals;
}

/** The file's bytes, to be iterated once. */
export class CsvFile implements AsyncIterable<Buffer> {
  readonly #columns: readonly string[];
  readonly #sums: Sums;
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
    this.#columns = columnNames(definition);
    this.#sums = new Sums(definition);
    this.#rows = rows;
    this.#writer = new CsvWriter(lineEnding);
    this.#onProgress = onProgress;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield this.#measure(this.#writer.lines([this.#columns]));
    for await (const batch of this.#rows) {
      this.#sums.add(batch);
      this.#rowCount += batch.length;
      const lines = this.#measure(this.#writer.lines(batch));
      this.#onProgress(this.#rowCount, this.#byteCount);
      yield lines;
    }
  }

  /** Of what was iterated so far. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** Of what was iterated so far. */
  tally(): Tally {
    return {
      rowCount: this.#rowCount,
      byteCount: this.#byteCount,
      sha256: this.#hash.copy().digest("hex"),
      totals: this.#sums.totals,
    };
  }

  #measure(chunk: Buffer): Buffer {
    this.#hash.update(chunk);
    this.#byteCount += chunk.byteLength;
    return chunk;
  }
}
