/** Checks a file's records one after the other: their order, their fields, and the figures that the file states of itself. */
import { ControlFigures, type Figure } from "../platform/format/controls";
import { type RecordReader, type Report, titleOf } from "../platform/format/record";
import { UnitSum } from "../platform/format/units";
import { falseClaims } from "./claims";
import type { Feed } from "./feed";
import { type Findings, KEPT, quoted } from "./findings";
import { type Identity, type Layout, readerOf } from "./layout";
import type { FileFigure } from "./result";
import { RowReader } from "./row-reader";

/** Is called with each row that is right. The reader is at that row until the next call. */
export type Accept = (line: number, row: RowReader) => void;

/** One line of a file. */
export interface Line {
  bytes: Buffer;
  start: number;
  end: number;
  /** From 1. */
  number: number;
  /** It ends in another way than the first line. */
  hasOtherEnd: boolean;
}

/** A layout as one file is read by it. */
interface Reading {
  readonly layout: Layout;
  readonly figures: ControlFigures;
  readonly row: RowReader;
  /** Of the record that makes the row, with two of its columns. */
  readonly rowRecord: RecordReader;
  readonly keyAt: number;
  readonly totalAt: number;
  readonly doRowsClaim: boolean;
}

function readingBy(layout: Layout, { columns, key, controlTotal }: Feed): Reading {
  const rowRecord = readerOf(layout, layout.rows);
  return {
    ...{ layout, rowRecord },
    figures: new ControlFigures(layout.format, layout.controls),
    row: new RowReader(columns, layout),
    keyAt: rowRecord.columns.findIndex(({ name }) => name === key),
    totalAt: rowRecord.columns.findIndex(({ name }) => name === controlTotal),
    doRowsClaim: layout.claims.some(({ type }) => type === layout.rows),
  };
}

export class RecordCheck {
  #reading: Reading;
  /** Where the last record is in the layout's order. */
  #place = 0;
  /** Something follows the file's end; it isn't read. */
  #isOver = false;
  #rowCount = 0;
  readonly #acceptedTotal = new UnitSum();
  /** Of wrong rows whose key can be read: the key may also be another row's. */
  readonly wrongKeys: { readonly line: number; readonly key: string }[] = [];
  /** What the record at the file's end states. */
  readonly fileFigures: FileFigure[] = [];
  #fileFiguresAt: { readonly line: number; readonly record: string } = { line: 0, record: "" };

  /** Of the row that is being read; shared by all, because almost all have none. */
  #problems: { reason: string; column?: string }[] = [];
  readonly #report: Report = (reason, column) => {
    this.#problems.push(column === undefined ? { reason } : { reason, column });
  };

  constructor(
    private readonly feed: Feed,
    private readonly identity: Identity,
    private readonly findings: Findings,
    private readonly accept: Accept,
  ) {
    this.#reading = readingBy(feed.layouts[0], feed);
  }

  /** Rows so far, right or wrong. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** The sum of the control total's column in the rows that are right, in units of its last digit. */
  get acceptedTotal(): bigint {
    return this.#acceptedTotal.total;
  }

  /** Checks the next record. */
  record(line: Line): void {
    if (this.#isOver) return;
    const type = line.number === 1 ? this.#begin(line) : this.#typeOf(line);
    if (type === undefined) {
      if (line.number > 1) this.wrongLine(line, this.#noRecord(line));
      return;
    }
    const { order, rows } = this.#reading.layout;
    const next = order.next(this.#place, type);
    if (next === undefined) {
      if (order.mayEndAt(this.#place)) {
        this.#behind(line);
        return;
      }
      const expected = either(order.expectedAt(this.#place).map(withArticle));
      this.findings.file(`the line is ${withArticle(type)} where ${expected} belongs`, placeOf(line));
    }
    this.#place = next ?? order.placeOf(type);
    if (type === rows) this.#readRow(line);
    else this.#readOther(type, line);
  }

  /** A line that is no record: the file isn't what it should be. */
  wrongLine(line: Line, reason: string): void {
    if (this.#isOver) return;
    const { order } = this.#reading.layout;
    if (line.number === 1) this.#place = order.placeOf(order.first);
    if (order.mayEndAt(this.#place)) this.#behind(line);
    else this.findings.file(`the line ${reason}`, placeOf(line));
  }

  /** Checks that the file is complete. */
  end(): void {
    const { layout, figures } = this.#reading;
    const { order } = layout;
    if (!order.mayEndAt(this.#place)) {
      this.findings.file(`the file has no ${titleOf(order.end)}: its end is missing`);
      return;
    }
    for (const figure of figures.figuresAtEnd()) this.#compare(figure, order.end, this.#fileFiguresAt);
  }

  /** The first line decides which of the feed's layouts the file has. */
  #begin(line: Line): string | undefined {
    const { bytes, start, end } = line;
    const { name, layouts } = this.feed;
    const found = layouts.find(({ format, order }) => format.typeOf(bytes, start, end) === order.first);
    if (found !== undefined) {
      this.#reading = readingBy(found, this.feed);
      return found.order.first;
    }
    const { order } = this.#reading.layout;
    this.#place = order.placeOf(order.first);
    const place = placeOf(line);
    const reason = place.record.startsWith("\uFEFF")
      ? "the file begins with a byte order mark"
      : `the file doesn't begin with ${withArticle(order.first)} of the feed ${name}`;
    this.findings.file(reason, place);
    return this.#typeOf(line);
  }

  #typeOf({ bytes, start, end }: Line): string | undefined {
    return this.#reading.layout.format.typeOf(bytes, start, end);
  }

  #noRecord({ start, end }: Line): string {
    if (start === end) return "is empty";
    return `begins with none of ${this.#reading.layout.format.codes.join(", ")}`;
  }

  #readRow(line: Line): void {
    const { layout, figures, row, rowRecord, keyAt, totalAt, doRowsClaim } = this.#reading;
    this.#rowCount += 1;
    const isRight = rowRecord.read(line.bytes, line.start, line.end, this.#report);
    figures.follow(layout.rows, isRight);
    if (isRight) this.#compareAll(layout.rows, line);
    if (isRight && doRowsClaim) {
      const wrong = falseClaims(layout.claims, layout.rows, rowRecord, this.identity);
      for (const { column, reason } of wrong) this.#report(reason, column);
    }
    if (line.hasOtherEnd) this.#report("ends in another way than the first line");
    if (this.#problems.length === 0) {
      if (totalAt >= 0) this.#acceptedTotal.add(rowRecord.units(totalAt) ?? 0);
      this.accept(line.number, row);
      return;
    }
    const problems = this.#problems;
    this.#problems = [];
    this.findings.record(line.number, problems, this.findings.isFull ? "" : placeOf(line).record);
    const key = rowRecord.units(keyAt);
    if (key !== undefined && this.wrongKeys.length < KEPT) {
      this.wrongKeys.push({ line: line.number, key: String(key) });
    }
  }

  /** A record that is no row: if it is wrong, the file is. */
  #readOther(type: string, line: Line): void {
    const { layout, figures, row } = this.#reading;
    const reader = readerOf(layout, type);
    const title = titleOf(type);
    const place = placeOf(line);
    const isRight = reader.read(line.bytes, line.start, line.end, (reason, column) => {
      if (column === undefined) this.findings.file(`the ${title} ${reason}`, place);
      else this.findings.file(`the ${title} has a wrong field: it ${reason}`, { ...place, column });
    });
    if (line.hasOtherEnd) this.findings.file(`the ${title} ends in another way than the first line`, place);
    figures.follow(type, isRight);
    if (!isRight) return;
    for (const { column, reason } of falseClaims(layout.claims, type, reader, this.identity)) {
      this.findings.file(`the ${title}'s ${reason}`, { ...place, column });
    }
    row.keep(type);
    if (type === layout.order.end) this.#fileFiguresAt = place;
    this.#compareAll(type, line);
  }

  #compareAll(type: string, line: Line): void {
    const figures = this.#reading.figures.figures(type);
    if (figures.length === 0) return;
    const place = placeOf(line);
    for (const figure of figures) this.#compare(figure, type, place);
  }

  #compare({ name, column, stated, found }: Figure, type: string, place: { readonly line: number }): void {
    if (type === this.#reading.layout.order.end) {
      this.fileFigures.push({ name, stated, ...(found !== undefined && { found }) });
    }
    if (stated === found) return;
    const reason =
      found === undefined
        ? `the ${name} can't be checked, because not every record's can be read`
        : `the ${titleOf(type)}'s ${name} is ${stated}, the records give ${found}`;
    this.findings.file(reason, { ...place, column });
  }

  /** The first line behind the file's end is reported, and those behind it are not read. */
  #behind(line: Line): void {
    this.#isOver = true;
    const { order } = this.#reading.layout;
    this.findings.file(`something follows the ${titleOf(order.end)}`, placeOf(line));
  }
}

function placeOf({ bytes, start, end, number }: Line): { readonly line: number; readonly record: string } {
  return { line: number, record: quoted(bytes, start, end) };
}

function withArticle(type: string): string {
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${titleOf(type)}`;
}

function either(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((each) => each !== "").join(" or ");
}
