/** Rows in, the bytes of a CSV file out: UTF-8 without BOM, RFC 4180, NULL empty and the empty string `""`. */
import { type Options, stringify } from "csv-stringify/sync";

import type { Row } from "../database/database";

export type LineEnding = "\n" | "\r\n";

/**
 * How a field is written. Text goes out as it came: `escape_formulas` would change figures and names that begin with
 * a sign, and the file is for machines.
 */
const options: Options = {
  eof: false,
  // RFC 4180 has a field with CR or LF in quotes, whichever of them ends the lines.
  quote_record_delimiter: true,
  cast: { string: (text) => (text === "" ? { value: "", quoted_empty: true } : text) },
};

/** What is written as it is by any rule: figures, dates, plain words. */
const PLAIN = /^[\w .:+-]+$/;

/** Fields that csv-stringify has written, for the next rows: those of a branch stand in each of its rows. */
const KEPT_FIELDS = 1024;

/** Turns rows into lines. csv-stringify decides on every field that is not plain. */
export class CsvWriter {
  readonly #lineEnding: LineEnding;
  readonly #written = new Map<string, string>();

  constructor(lineEnding: LineEnding) {
    this.#lineEnding = lineEnding;
  }

  /** The rows as whole lines; the names of the columns make the header line, which every file has. */
  lines(rows: readonly Row[]): Buffer {
    let text = "";
    for (const row of rows) {
      let separator = "";
      for (const field of row) {
        text += separator;
        separator = ",";
        if (field !== null) text += PLAIN.test(field) ? field : this.#write(field);
      }
      text += this.#lineEnding;
    }
    return Buffer.from(text, "utf8");
  }

  #write(field: string): string {
    let written = this.#written.get(field);
    if (written === undefined) {
      written = stringify([[field]], options);
      if (this.#written.size === KEPT_FIELDS) this.#written.clear();
      this.#written.set(field, written);
    }
    return written;
  }
}
