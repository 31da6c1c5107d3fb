/** Checks a file line by line as it is read: characters, ends of lines, lengths. Each line is a record. */
import { isUtf8 } from "node:buffer";

import { CR, LF, type LineBlock } from "../platform/format/lines";
import type { Delivery } from "./delivery";
import type { Feed } from "./feed";
import type { Findings } from "./findings";
import { type Accept, type Line, RecordCheck } from "./record-check";

/** More bytes than any record of a feed has. */
export const MAX_LINE_BYTES = 64 * 1024;

/** What the file must be: known before it is read. */
export interface Expected {
  readonly feed: Feed;
  readonly delivery: Delivery;
  readonly bankId: number;
}

export class FileCheck {
  /** What is known of the file's records so far. */
  readonly records: RecordCheck;
  /** The file's lines end with CRLF, as its first line does. */
  #isCrlf = false;
  /** The line that is being read; one object for all of them. */
  readonly #line: Line = { bytes: Buffer.alloc(0), start: 0, end: 0, number: 0, hasOtherEnd: false };

  constructor(
    { feed, delivery, bankId }: Expected,
    private readonly findings: Findings,
    accept: Accept,
  ) {
    const { bank, businessTime } = delivery;
    const identity = { feed: feed.name, version: feed.version, bankId, bank, businessTime };
    this.records = new RecordCheck(feed, identity, findings, accept);
  }

  /** Checks the lines of a block, which follow those of the block before. */
  block({ bytes, isCut }: LineBlock): void {
    const isText = isUtf8(bytes) || isCut;
    for (let start = 0; start < bytes.length;) {
      const found = bytes.indexOf(LF, start);
      const hasEnd = found >= 0;
      const end = hasEnd ? found : bytes.length;
      const hasCr = end > start && bytes[end - 1] === CR;
      const line = this.#line;
      line.number += 1;
      if (line.number === 1) this.#isCrlf = hasCr;
      line.bytes = bytes;
      line.start = start;
      line.end = hasCr && this.#isCrlf ? end - 1 : end;
      line.hasOtherEnd = hasEnd && hasCr !== this.#isCrlf;
      if (isCut || line.end - start > MAX_LINE_BYTES) {
        this.records.wrongLine(line, `is longer than ${MAX_LINE_BYTES} bytes`);
      } else if (!isText && !isUtf8(bytes.subarray(start, line.end))) {
        this.records.wrongLine(line, "is not UTF-8");
      } else {
        this.records.record(line);
      }
      start = end + 1;
    }
  }

  /** Checks that the file is complete. */
  end(): void {
    if (this.#line.number === 0) this.findings.file("the file is empty");
    else this.records.end();
  }
}
