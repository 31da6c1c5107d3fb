/** A delivery's bytes, once for its checks and, where records must be quoted, a second time. */
import { createHash } from "node:crypto";

import { gunzipped } from "../platform/format/gunzip";
import { LF, type LineBlock, lineBlocks } from "../platform/format/lines";
import { MAX_LINE_BYTES } from "./file-check";
import { type Findings, quoted } from "./findings";

/** The bytes of a delivery. */
export interface DeliveryContent {
  /**
   * Opens the file from its first byte; compressed content comes compressed. It is opened a second time if records must
   * be quoted, and must give the same bytes again: open an object by its version.
   */
  open(): AsyncIterable<Uint8Array>;
  /**
   * SHA-256 of the bytes in hexadecimal, where it is known. Content that was loaded before is then not read at all. Other
   * bytes than these are an error.
   */
  readonly sha256?: string;
}

/** Reads the file's lines and takes the measure of its bytes on the way. */
export class FileReader {
  readonly #hash = createHash("sha256");
  #byteCount = 0;
  #isComplete = false;

  constructor(
    private readonly content: DeliveryContent,
    private readonly gzip: boolean,
  ) {}

  /** To be iterated once. @throws ContentError if compressed content is damaged; what the content throws. */
  lines(): AsyncGenerator<LineBlock> {
    const bytes = this.#measured();
    return lineBlocks(this.gzip ? gunzipped(bytes) : bytes, MAX_LINE_BYTES);
  }

  /** So far. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** In hexadecimal; undefined unless every byte was read. */
  get sha256(): string | undefined {
    return this.#isComplete ? this.#hash.copy().digest("hex") : undefined;
  }

  async *#measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.content.open()) {
      this.#hash.update(chunk);
      this.#byteCount += chunk.byteLength;
      yield chunk;
    }
    this.#isComplete = true;
  }
}

/** Reads the file again, up to the last of the records that are found wrong and aren't quoted yet. */
export async function quoteRecords(
  content: DeliveryContent,
  gzip: boolean,
  findings: Findings,
): Promise<void> {
  const wanted = findings.unquotedLines;
  if (wanted.size === 0) return;
  let line = 0;
  for await (const { bytes } of new FileReader(content, gzip).lines()) {
    for (let start = 0; start < bytes.length;) {
      const found = bytes.indexOf(LF, start);
      const end = found < 0 ? bytes.length : found;
      line += 1;
      if (wanted.delete(line)) findings.quote(line, quoted(bytes, start, end).replace(/\r$/, ""));
      start = end + 1;
    }
    if (wanted.size === 0) return;
  }
}
