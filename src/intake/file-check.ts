/** Checks a file line by line as it is read: header, details, trailer, and nothing behind it. */
import { isUtf8 } from "node:buffer";

import { ControlFigures, type Figure } from "../platform/format/controls";
import { CR, LF, type LineBlock } from "../platform/format/lines";
import type { RecordReader, Report } from "../platform/format/record";
import { UnitSum } from "../platform/format/units";
import type { FileFormat, RecordName } from "./feed";
import { type Findings, KEPT, KEPT_CHARACTERS } from "./findings";
import { checkHeader, type Expected } from "./header-check";
import type { ControlTotals } from "./result";

/** More bytes than any record of a feed has. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Is called with each detail that is right. The reader is at that record until the next call. */
export type Accept = (line: number, reader: RecordReader) => void;

export class FileCheck {
  readonly #expected: Expected;
  readonly #findings: Findings;
  readonly #accept: Accept;
  #format: FileFormat;
  #figures: ControlFigures<RecordName>;
  /** The file's lines end with CRLF, as its first line does. */
  #isCrlf = false;
  #line = 0;
  #records = 0;
  #state: "start" | "details" | "end" | "behind" = "start";
  #trailer: readonly Figure[] | undefined;
  /** Of wrong details whose key can be read: the key may also be another detail's. */
  readonly wrongKeys: { readonly line: number; readonly key: string }[] = [];
  readonly #keyColumn: number;
  readonly #totalColumn: number;
  readonly #wrongTotal = new UnitSum();

  /** Of the detail that is being read; shared by all, because almost all have none. */
  #problems: { reason: string; column?: string }[] = [];
  readonly #report: Report = (reason, column) => {
    this.#problems.push(column === undefined ? { reason } : { reason, column });
  };

  constructor(expected: Expected, findings: Findings, accept: Accept) {
    const { feed } = expected;
    this.#expected = expected;
    this.#findings = findings;
    this.#accept = accept;
    this.#format = feed.formats[0];
    this.#figures = new ControlFigures(this.#format, feed.controls);
    this.#keyColumn = feed.columns.findIndex(({ name }) => name === feed.key);
    this.#totalColumn = feed.columns.findIndex(({ name }) => name === feed.controlTotal);
  }

  /** Details so far, right or wrong. */
  get records(): number {
    return this.#records;
  }

  /** The part of the control total that is in wrong details, in units of its column's last digit. */
  get wrongTotal(): bigint {
    return this.#wrongTotal.total;
  }

  /** What the trailer must state, in units of its column's last digit; undefined if that isn't known. */
  get statedTotal(): bigint | undefined {
    return this.#trailer?.[1]?.stated;
  }

  get controlTotals(): ControlTotals | undefined {
    const [records, total] = this.#trailer ?? [];
    if (records?.stated === undefined || total?.stated === undefined) return undefined;
    return {
      stated: { records: String(records.stated), total: String(total.stated) },
      found: { records: String(records.found ?? ""), total: String(total.found ?? "") },
    };
  }

  /** Checks the lines of a block, which follow those of the block before. */
  block({ bytes, isCut }: LineBlock): void {
    const isText = isUtf8(bytes) || isCut;
    for (let start = 0; start < bytes.length;) {
      let end = bytes.indexOf(LF, start);
      const hasEnd = end >= 0;
      if (!hasEnd) end = bytes.length;
      this.#line += 1;
      const hasCr = end > start && bytes[end - 1] === CR;
      if (this.#line === 1) this.#isCrlf = hasCr;
      const last = hasCr && this.#isCrlf ? end - 1 : end;
      if (isCut || last - start > MAX_LINE_BYTES) {
        this.#wrongLine(bytes, start, last, `is longer than ${MAX_LINE_BYTES} bytes`);
      } else if (!isText && !isUtf8(bytes.subarray(start, last))) {
        this.#wrongLine(bytes, start, last, "is not UTF-8");
      } else {
        this.#record(bytes, start, last, hasEnd && hasCr !== this.#isCrlf);
      }
      start = end + 1;
    }
  }

  /** Checks that the file is complete. */
  end(): void {
    if (this.#line === 0) this.#findings.file("the file is empty");
    else if (this.#state !== "end" && this.#state !== "behind") {
      this.#findings.file("the file has no trailer: its end is missing");
    }
  }

  #record(bytes: Buffer, start: number, end: number, hasOtherEnd: boolean): void {
    if (this.#state === "behind") return;
    if (this.#state === "end") {
      this.#behind(bytes, start, end);
      return;
    }
    const type = this.#line === 1 ? this.#begin(bytes, start, end) : this.#format.typeOf(bytes, start, end);
    if (type === "detail") this.#detail(bytes, start, end, hasOtherEnd);
    else if (type === "trailer" || (type === "header" && this.#line === 1)) {
      this.#frame(type, bytes, start, end, hasOtherEnd);
    } else if (this.#line > 1) this.#wrongLine(bytes, start, end, this.#noRecord(start === end, type));
  }

  /** The first line decides which of the feed's formats the file has. */
  #begin(bytes: Buffer, start: number, end: number): RecordName | undefined {
    this.#state = "details";
    const { feed } = this.#expected;
    const format = feed.formats.find((each) => each.typeOf(bytes, start, end) === "header");
    if (format === undefined) {
      const record = quoted(bytes, start, end);
      const reason = record.startsWith("\uFEFF")
        ? "the file begins with a byte order mark"
        : `the file doesn't begin with a header of the feed ${feed.name}`;
      this.#findings.file(reason, { line: 1, record });
      return this.#format.typeOf(bytes, start, end);
    }
    this.#format = format;
    this.#figures = new ControlFigures(format, feed.controls);
    return "header";
  }

  #noRecord(isEmpty: boolean, type: RecordName | undefined): string {
    if (type !== undefined) return `is a second ${type}`;
    return isEmpty ? "is empty" : `begins with none of ${this.#format.codes.join(", ")}`;
  }

  #detail(bytes: Buffer, start: number, end: number, hasOtherEnd: boolean): void {
    const reader = this.#format.readers.detail;
    this.#records += 1;
    const isRight = reader.read(bytes, start, end, this.#report);
    this.#figures.follow("detail", isRight);
    if (hasOtherEnd) this.#report("ends in another way than the first line");
    if (this.#problems.length === 0) {
      this.#accept(this.#line, reader);
      return;
    }
    const problems = this.#problems;
    this.#problems = [];
    const isKept = !this.#findings.isFull;
    this.#findings.record(this.#line, problems, isKept ? quoted(bytes, start, end) : "");
    this.#wrongTotal.add(this.#totalColumn < 0 ? 0 : (reader.units(this.#totalColumn) ?? 0));
    const key = reader.units(this.#keyColumn);
    if (key !== undefined && this.wrongKeys.length < KEPT) {
      this.wrongKeys.push({ line: this.#line, key: String(key) });
    }
  }

  /** The header or the trailer. */
  #frame(type: "header" | "trailer", bytes: Buffer, start: number, end: number, hasOtherEnd: boolean): void {
    const reader = this.#format.readers[type];
    const place = { line: this.#line, record: quoted(bytes, start, end) };
    const isRight = reader.read(bytes, start, end, (reason, column) => {
      const named = column === undefined ? {} : { column };
      this.#findings.file(`the ${type} ${column === undefined ? "" : "has a wrong field: it "}${reason}`, {
        ...place,
        ...named,
      });
    });
    if (hasOtherEnd) this.#findings.file(`the ${type} ends in another way than the first line`, place);
    this.#figures.follow(type, isRight);
    if (type === "header") {
      if (isRight) checkHeader(this.#expected, this.#format.feedName, reader, this.#findings, place);
      return;
    }
    this.#state = "end";
    if (!isRight) return;
    this.#trailer = this.#figures.figures("trailer");
    for (const figure of this.#trailer) this.#compare(figure, place);
  }

  #compare({ name, column, stated, found }: Figure, place: { line: number; record: string }): void {
    if (found === undefined) {
      this.#findings.file(`the ${name} can't be checked, because not every detail's can be read`, {
        ...place,
        column,
      });
    } else if (stated !== found) {
      this.#findings.file(`the trailer's ${name} is ${String(stated)}, the details' is ${found}`, {
        ...place,
        column,
      });
    }
  }

  /** The first line behind the trailer is reported, with all that follows it. */
  #behind(bytes: Buffer, start: number, end: number): void {
    this.#state = "behind";
    this.#findings.file("something follows the trailer", {
      line: this.#line,
      record: quoted(bytes, start, end),
    });
  }

  /** A line that belongs to no record: the file isn't what it should be. */
  #wrongLine(bytes: Buffer, start: number, end: number, reason: string): void {
    if (this.#line === 1) this.#state = "details";
    if (this.#state === "behind") return;
    if (this.#state === "end") {
      this.#behind(bytes, start, end);
      return;
    }
    this.#findings.file(`the line ${reason}`, { line: this.#line, record: quoted(bytes, start, end) });
  }
}

/** A record as it came, shortened if it is long. */
export function quoted(bytes: Buffer, start: number, end: number): string {
  // No character has more than four bytes.
  const text = bytes.toString("utf8", start, Math.min(end, start + 4 * KEPT_CHARACTERS));
  return text.length > KEPT_CHARACTERS ? `${text.slice(0, KEPT_CHARACTERS)}…` : text;
}
