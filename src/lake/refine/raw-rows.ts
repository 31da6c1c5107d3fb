/** The rows of a raw file: checked field by field, normalised, with the calculated values. */
import type { Hash } from "node:crypto";

import { checkOf, type FieldCheck, IS_EMPTY } from "../../platform/format/fields";
import { CsvProblem, csvRecords } from "../../platform/format/csv-reader";
import { CsvWriter } from "../../platform/format/csv";
import { ContentError, gunzipped } from "../../platform/format/gunzip";
import type { TextRow } from "../../platform/format/parquet";
import { typeParts } from "../../platform/columns";
import { fileColumns, type RawColumn, type RawDataset } from "../raw-dataset";

/** Something that is wrong with a raw file. It has the shape of a problem in intake's reports. */
export interface RawProblem {
  /** At which the record begins, counted from 1; missing for what concerns the whole file. */
  readonly line?: number;
  readonly column?: string;
  readonly reason: string;
  /** The record as CSV, shortened if it is long. It may have personal data: never log it. */
  readonly record?: string;
}

/** A longer record means that a quote was never closed. */
const MAX_RECORD_CHARACTERS = 1024 * 1024;
const SHOWN_CHARACTERS = 1000;
const BYTE_ORDER_MARK = "\ufeff";

/** Normalises a field that was checked. */
type Normalise = (text: string) => string;

interface FileColumn {
  readonly column: RawColumn;
  readonly check: FieldCheck;
  readonly normalise: Normalise;
}

/**
 * The rows in batches, in the order of the dataset's columns. A row with problems is left out.
 *
 * @param onProblem is called with everything that is wrong. After a problem with the whole file, reading ends.
 * @param digest gets the bytes without compression.
 */
export async function* refinedRows(
  dataset: RawDataset,
  chunks: AsyncIterable<Uint8Array>,
  isGzip: boolean,
  onProblem: (problem: RawProblem) => void,
  digest: Pick<Hash, "update">,
): AsyncGenerator<TextRow[]> {
  const refiner = new Refiner(dataset, onProblem);
  async function* digested(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      digest.update(chunk);
      yield chunk;
    }
  }
  try {
    const content = digested(isGzip ? gunzipped(chunks) : chunks);
    for await (const records of csvRecords(content, MAX_RECORD_CHARACTERS)) {
      if (!refiner.hasHeader && records.length > 0 && !refiner.header(records.shift() ?? [])) return;
      yield records.flatMap((record) => refiner.row(record) ?? []);
    }
  } catch (error) {
    if (!(error instanceof CsvProblem || error instanceof ContentError)) throw error;
    onProblem({ reason: error.message });
    return;
  }
  if (!refiner.hasHeader) onProblem({ reason: "the file is empty" });
  else if (refiner.rowCount === 0) onProblem({ reason: "the file has no rows after its header" });
}

class Refiner {
  hasHeader = false;
  /** Right and wrong ones. */
  rowCount = 0;
  #line = 1;
  #month: string | undefined;
  readonly #columns: readonly FileColumn[];
  readonly #monthAt: number;
  readonly #writer = new CsvWriter("\n");
  /** Holds the field that is checked, because checks are on bytes. */
  #scratch = Buffer.alloc(4096);

  constructor(
    private readonly dataset: RawDataset,
    private readonly onProblem: (problem: RawProblem) => void,
  ) {
    const columns = fileColumns(dataset);
    this.#columns = columns.map((column) => ({
      ...{ column, check: checkOf(column), normalise: normaliser(column) },
    }));
    this.#monthAt = columns.findIndex(({ name }) => name === dataset.monthColumn);
  }

  /** @returns whether the header is the dataset's. */
  header(record: TextRow): boolean {
    this.hasHeader = true;
    this.#line += linesOf(record);
    const expected = this.#columns.map(({ column }) => column.name).join();
    if (record.join() === expected) return true;
    const hasMark = record[0]?.startsWith(BYTE_ORDER_MARK) === true;
    this.onProblem({
      line: 1,
      reason: hasMark
        ? "the file begins with a byte order mark"
        : `the header is not that of ${this.dataset.name}: ${expected}`,
      record: this.#textOf(record),
    });
    return false;
  }

  /** Undefined if something is wrong with the record. */
  row(record: TextRow): [TextRow] | undefined {
    this.rowCount += 1;
    const line = this.#line;
    this.#line += linesOf(record);
    let wrongCount = 0;
    const report = (reason: string, column?: string): void => {
      wrongCount += 1;
      const about = column === undefined ? {} : { column };
      this.onProblem({ line, ...about, reason, record: this.#textOf(record) });
    };
    if (record.length !== this.#columns.length) {
      report(`has ${record.length} fields instead of ${this.#columns.length}`);
      return undefined;
    }
    const fields = this.#columns.map((each, index) => this.#field(each, record[index] ?? null, report));
    if (wrongCount > 0) return undefined;
    const month = fields[this.#monthAt]?.slice(0, 7) ?? "";
    this.#month ??= month;
    if (month === this.#month) return [this.#withValues(fields)];
    report(
      `is of ${month}, the first row of ${this.#month}: a file has rows of one month`,
      this.dataset.monthColumn,
    );
    return undefined;
  }

  #field(
    { column, check, normalise }: FileColumn,
    field: string | null,
    report: (reason: string, column: string) => void,
  ): string | null {
    if (field === null) {
      if (column.nullable !== true) report(IS_EMPTY, column.name);
      return null;
    }
    const isEmptyNumber = field === "" && !column.type.startsWith("text(");
    const reason = isEmptyNumber ? IS_EMPTY : check(this.#bytesOf(field), 0, Buffer.byteLength(field));
    if (reason === undefined) return normalise(field);
    report(reason, column.name);
    return null;
  }

  #bytesOf(field: string): Buffer {
    // A character of a string has at most three bytes of UTF-8.
    if (3 * field.length > this.#scratch.length) this.#scratch = Buffer.alloc(3 * field.length);
    this.#scratch.write(field);
    return this.#scratch;
  }

  #withValues(fields: TextRow): TextRow {
    const row = Object.fromEntries(
      this.#columns.map(({ column }, index) => [column.name, fields[index] ?? null]),
    );
    return this.dataset.columns.map(({ name, value }) =>
      value === undefined ? (row[name] ?? null) : value(row),
    );
  }

  #textOf(record: TextRow): string {
    const text = this.#writer.lines([record]).toString().slice(0, -1);
    return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  }
}

/** The lines of a record, which are several if a field has line feeds. */
function linesOf(record: TextRow): number {
  return record.reduce(
    (count, field) => count + (field?.includes("\n") === true ? field.split("\n").length - 1 : 0),
    1,
  );
}

/** One way to write each number: `-07.5` of `decimal(9,2)` becomes `-7.50`, and `-0` becomes `0`. */
function normaliser({ type }: RawColumn): Normalise {
  const parts = typeParts(type);
  if (parts.kind !== "decimal" && parts.kind !== "int32" && parts.kind !== "int64") return (text) => text;
  const scale = parts.kind === "decimal" ? parts.scale : 0;
  return (text) => {
    const [, sign = "", whole = "0", decimals = ""] = /^(-?)0*(\d+?)(?:\.(\d*))?$/.exec(text) ?? [];
    const number = scale === 0 ? whole : `${whole}.${decimals.padEnd(scale, "0")}`;
    return /[1-9]/.test(number) ? sign + number : number;
  };
}
