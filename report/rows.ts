/** Reads the rows of one version of a published file and checks its SHA-256. */
import type { FileVersion } from "../src/platform/publication/manifest";
import { readPublishedFile } from "../src/platform/publication/published-file";
import type { ObjectStore } from "../src/platform/bucket/object-store";

/** A row's fields by column. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Reads a file to its end. Its rows are valid only if the result is `whole`.
 *
 * @param onRow is called with each row; without it, the file is not parsed.
 * @throws StorageError if S3 refuses to read it.
 */
export async function readRows(
  objects: ObjectStore,
  file: FileVersion,
  onRow?: (row: readonly string[], columns: readonly string[]) => void,
): Promise<"whole" | "gone" | "damaged"> {
  let columns: readonly string[] | undefined;
  const onLine = (line: readonly string[]) => {
    if (columns === undefined) columns = line;
    else onRow?.(line, columns);
  };
  const content = await readPublishedFile(objects, file, onRow === undefined ? undefined : onLine);
  if (content === undefined) return "gone";
  return typeof content === "object" && content.sha256 === file.sha256 ? "whole" : "damaged";
}

export function fieldsOf(row: readonly string[], columns: readonly string[]): Fields {
  return Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ""]));
}
