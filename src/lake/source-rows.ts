/** The rows of a published file as a dataset has them, after the checks that only the whole file allows. */
import { createHash } from "node:crypto";

import { DataError, DefinitionError, VerificationError } from "../platform/errors";
import { CsvProblem, csvRecords } from "../platform/format/csv-reader";
import type { TextRow } from "../platform/format/parquet";
import type { Month } from "../platform/month";
import type { Bucket } from "./buckets";
import type { ExtractDataset } from "./dataset";
import { uriOf } from "./keys";
import type { PublishedMonth, SourceFile } from "./published-month";

/**
 * @throws VerificationError if the file is gone or has other bytes than the manifest says; DataError if it is not CSV, or
 *   a row is of another bank or month; DefinitionError if its columns are not those of the dataset. The last row has then
 *   not been passed on, so no whole Parquet file can be made of wrong bytes.
 */
export async function* sourceRows(
  source: Bucket,
  dataset: ExtractDataset,
  { month, columns }: Pick<PublishedMonth, "columns"> & { readonly month: Month },
  file: SourceFile,
): AsyncGenerator<TextRow[]> {
  const uri = uriOf(source.name, file.key);
  const bytes = await source.objects.open(file.key, file.versionId);
  if (bytes === undefined) throw damaged(`${uri} is gone: there is no version ${file.versionId ?? "of it"}`);
  const hash = createHash("sha256");
  async function* hashed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const select = selection(dataset, columns, uri);
  const expectOwn = ownership(dataset, columns, file, month, uri);
  let header: TextRow | undefined;
  let rowCount = 0;
  try {
    for await (const records of csvRecords(hashed(bytes))) {
      if (header === undefined) {
        header = records.shift();
        if (header !== undefined && header.join() !== columns.join())
          throw new DataError(`the header line of ${uri} differs from its manifest`, { hint: CHECK_SOURCE });
      }
      for (const record of records) {
        rowCount += 1;
        expectOwn(record, rowCount);
      }
      yield records.map(select);
    }
  } catch (error) {
    if (error instanceof CsvProblem)
      throw new DataError(`${uri} is not CSV: ${error.message}`, { hint: CHECK_SOURCE });
    throw error;
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== file.sha256)
    throw damaged(`the SHA-256 of ${uri} is ${sha256}, the manifest says ${file.sha256}`);
}

/** @returns a function that throws a DataError for a record that is not of the file's bank and month. */
function ownership(
  { bankColumn, monthColumn }: ExtractDataset,
  columns: readonly string[],
  { bankId }: SourceFile,
  month: Month,
  uri: string,
): (record: TextRow, row: number) => void {
  const [bankAt, monthAt] = [columns.indexOf(bankColumn), columns.indexOf(monthColumn)];
  const bank = String(bankId);
  const fault = (record: TextRow): string | undefined => {
    if (record.length !== columns.length) return `has ${record.length} fields instead of ${columns.length}`;
    if (record[bankAt] !== bank) return `is not of the bank ${bank}`;
    return record[monthAt]?.startsWith(month) === true ? undefined : `is not of ${month}`;
  };
  return (record, row) => {
    const found = fault(record);
    if (found !== undefined) throw new DataError(`row ${row} of ${uri} ${found}`, { hint: CHECK_SOURCE });
  };
}

const CHECK_SOURCE = "Verify the month with npx bank-batch verify. Nothing was written to the lake.";

function damaged(problem: string): VerificationError {
  return new VerificationError(problem, {
    hint: "Verify the month with npx bank-batch verify; extract it again if it is damaged. Nothing was written to the lake.",
  });
}

/**
 * Picks the dataset's columns out of a record. A column that an older file doesn't have yet has no value there.
 *
 * @throws DefinitionError if a column is missing that must have a value, or there is one that the dataset doesn't know.
 */
function selection(
  dataset: ExtractDataset,
  columns: readonly string[],
  uri: string,
): (record: TextRow) => TextRow {
  const indexes = dataset.columns.map(({ name }) => columns.indexOf(name));
  const missing = dataset.columns.filter(
    ({ name, nullable }) => nullable !== true && !columns.includes(name),
  );
  const known = new Set([
    ...dataset.columns.map(({ name }) => name),
    dataset.bankColumn,
    dataset.monthColumn,
  ]);
  const unknown = columns.filter((name) => !known.has(name));
  const problems = [
    ...missing.map(({ name }) => `${name} is missing`),
    ...unknown.map((name) => `${name} is not a column of the dataset`),
  ];
  if (problems.length > 0) {
    throw new DefinitionError(
      `${uri} does not have the columns of the dataset ${dataset.name}: ${problems.join("; ")}`,
      {
        hint: "Add new columns of the extract to the dataset, nullable and at its end.",
      },
    );
  }
  return (record) => indexes.map((index) => record[index] ?? null);
}
