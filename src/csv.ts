/** Rows in, the bytes of a CSV file out: UTF-8 without BOM, RFC 4180, NULL empty and the empty string `""`. */
import { type Options, stringify } from "csv-stringify/sync";

import type { Row } from "./database";

export type LineEnding = "\n" | "\r\n";

/** The header line, which every file has, also one without rows. */
export function csvHeader(columns: readonly string[], lineEnding: LineEnding): Buffer {
  return csvLines([columns], lineEnding);
}

/**
 * A batch of rows as whole lines. Text goes out as it came: `escape_formulas` would change figures and names
 * that begin with a sign, and the file is for machines.
 */
export function csvLines(rows: readonly Row[], lineEnding: LineEnding): Buffer {
  const options: Options = {
    record_delimiter: lineEnding,
    // RFC 4180 has a field with CR or LF in quotes, whichever of them ends the lines.
    quote_record_delimiter: true,
    cast: { string: (text) => (text === "" ? { value: "", quoted_empty: true } : text) },
  };
  return Buffer.from(stringify(rows as Row[], options), "utf8");
}
