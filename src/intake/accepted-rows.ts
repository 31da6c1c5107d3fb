/** The rows of a delivery that was loaded, for everything that needs them later. */
import type { Row } from "../platform/database/row-stream";
import { StorageError } from "../platform/errors";
import type { Delivery } from "./delivery";
import type { Feed } from "./feed";
import { FileCheck } from "./file-check";
import { Findings } from "./findings";
import { type DeliveryContent, FileReader } from "./read-file";
import type { DeliveryResult } from "./result";

/**
 * Reads the accepted rows of a delivery from its file again: in batches, as PostgreSQL's text in the order of the feed's
 * columns, in the file's order. It needs no database and may be repeated at any time.
 *
 * @param result of the delivery: `loaded` or `unchanged`.
 * @throws StorageError behind the last row if the content is not the one that was loaded; ContentError.
 */
export async function* acceptedRows(
  feed: Feed,
  delivery: Delivery,
  content: DeliveryContent,
  { bankId = NaN, rejects, sha256 }: Pick<DeliveryResult, "bankId" | "rejects" | "sha256">,
): AsyncGenerator<readonly Row[]> {
  const rejected = new Set(rejects.map(({ line }) => line));
  const columns = feed.columns.map((_, column) => column);
  let rows: Row[] = [];
  // It was checked when it was loaded, so what it finds now is of no interest.
  const check = new FileCheck({ feed, delivery, bankId }, new Findings(), (line, row) => {
    if (!rejected.has(line)) rows.push(columns.map((column) => row.text(column)));
  });
  const reader = new FileReader(content, delivery.gzip);
  for await (const block of reader.lines()) {
    check.block(block);
    if (rows.length > 0) yield rows;
    rows = [];
  }
  if (reader.sha256 === sha256) return;
  throw new StorageError(`the content of ${delivery.key} is not the one that was loaded`, {
    hint: "Read the version of the object that was received.",
    retry: false,
  });
}
