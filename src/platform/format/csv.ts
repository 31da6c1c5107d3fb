/** Rows to the bytes of a CSV file: UTF-8 without BOM, RFC 4180, NULL as an empty field, the empty string as `""`. */
import { type Options, stringify } from "csv-stringify/sync";

import type { Row } from "../database/row-stream";

export type LineEnding = "\n" | "\r\n";

/**
 * How csv-stringify writes a field. Text is written as it is: `escape_formulas` would change figures and names that
 * begin with a sign, and the file is for machines.
 */
const options: Options = {
  eof: false,
  // RFC 4180 quotes a field with CR or LF, whichever of them ends the lines.
  quote_record_delimiter: true,
  cast: { string: (text) => (text === "" ? { value: "", quoted_empty: true } : text) },
};

/** Fields that no rule quotes: figures, dates, plain words. */
const PLAIN = /^[\w .:+-]+$/;

/** csv-stringify writes longer fields, plain or not, and they are not kept: a regular expression may fail on megabytes. */
const LONG_FIELD = 1000;

/** Fields that csv-stringify has written are kept for the next rows, since a branch's fields are in each of its rows. */
const KEPT_FIELDS = 1024;

/** Turns rows into lines. csv-stringify writes every field that is not plain. */
export class CsvWriter {
  readonly #lineEnding: LineEnding;
  readonly #written = new Map<string, string>();

  constructor(lineEnding: LineEnding) {
    this.#lineEnding = lineEnding;
  }

  /** The rows as whole lines; the columns' names make the header line, which every file has. */
  lines(rows: readonly Row[]): Buffer {
    let text = "";
    for (const row of rows) {
      let separator = "";
      for (const field of row) {
        text += separator;
        separator = ",";
        if (field !== null) text += this.#write(field);
      }
      text += this.#lineEnding;
    }
    return Buffer.from(text, "utf8");
  }

  #write(field: string): string {
    if (field.length > LONG_FIELD) return stringify([[field]], options);
    if (PLAIN.test(field)) return field;
    let written = this.#written.get(field);
    if (written === undefined) {
      written = stringify([[field]], options);
      if (this.#written.size === KEPT_FIELDS) this.#written.clear();
      this.#written.set(field, written);
    }
    return written;
  }
}
