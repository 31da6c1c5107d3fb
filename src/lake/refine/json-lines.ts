/** Rows as JSON, one object in a line. Only `int32` is a JSON number: other numbers would not survive every reader. */
import type { Hash } from "node:crypto";

import type { Column } from "../../platform/columns";
import { lineBlocks } from "../../platform/format/lines";
import type { TextRow } from "../../platform/format/parquet";

export const NDJSON_MEDIA_TYPE = "application/x-ndjson";

/** Longer than any line that is written here, because a record's length is limited. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

export async function* jsonLines(
  columns: readonly Column[],
  batches: AsyncIterable<readonly TextRow[]>,
): AsyncGenerator<Buffer> {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const isNumber = columns.map(({ type }) => type === "int32");
  const valueOf = (field: string | null, index: number): string =>
    field !== null && isNumber[index] === true ? field : JSON.stringify(field);
  for await (const rows of batches) {
    if (rows.length === 0) continue;
    const lines = rows.map(
      (row) => `{${row.map((field, index) => `${names[index] ?? ""}${valueOf(field, index)}`).join()}}\n`,
    );
    yield Buffer.from(lines.join(""));
  }
}

/** The rows of such lines. @param digest gets the bytes. */
export async function* rowsOfLines(
  columns: readonly Column[],
  chunks: AsyncIterable<Buffer>,
  digest: Pick<Hash, "update">,
): AsyncGenerator<TextRow[]> {
  for await (const { bytes } of lineBlocks(chunks, MAX_LINE_BYTES)) {
    digest.update(bytes);
    const lines = bytes.toString().split("\n");
    yield lines.flatMap((line) => (line === "" ? [] : [rowOf(columns, line)]));
  }
}

function rowOf(columns: readonly Column[], line: string): TextRow {
  const values = JSON.parse(line) as Readonly<Record<string, string | number | null>>;
  return columns.map(({ name }) => {
    const value = values[name] ?? null;
    return value === null ? null : String(value);
  });
}
