/**
 * The Parquet file that is made of a delivery's accepted rows: those of intake's `stage/`, with the delivery's time and
 * number, and without personal data. It is proven by reading it back. No query sees it yet.
 */
import { ReconciliationError } from "../../platform/errors";
import type { TextRow } from "../../platform/format/parquet";
import { decimalUnits } from "../../platform/format/units";
import type { Bucket } from "../buckets";
import { ControlTotals } from "../dataset";
import { CONTROL_TOTAL, type DeliveryDataset } from "../delivery-dataset";
import { uriOf } from "../keys";
import { makeParquet, type MonthPlace, objectOf, proveParquet, recordMade } from "../made-file";
import { digestOf, storedRows } from "../stored-file";
import type { TenantLake } from "../tenant-lake";
import type { AcceptedDelivery } from "./accepted-delivery";

/** What was done, in this order. */
export type DeliveryFileStep = "completed" | "proven" | "recorded";

/** A delivery that has brought rows. */
export type DeliveryWithRows = AcceptedDelivery & { readonly stage: NonNullable<AcceptedDelivery["stage"]> };

export interface DeliveryPlace extends MonthPlace {
  readonly dataset: DeliveryDataset;
}

/**
 * @returns the Parquet file's key; undefined if the rows have expired in `stage/`.
 * @throws ReconciliationError if the rows are not those that intake has accepted, or the Parquet file, read back, has other
 *   totals; ConflictError, StorageError.
 */
export async function makeDeliveryFile(
  lake: TenantLake,
  place: DeliveryPlace,
  intake: Bucket,
  delivery: DeliveryWithRows,
  observe: (step: DeliveryFileStep) => void | Promise<void>,
): Promise<string | undefined> {
  const { stage, file, sha256 } = delivery;
  const uri = uriOf(intake.name, stage.key);
  const staged = await digestOf(intake, stage.key, stage.versionId);
  if (staged === undefined) return undefined;
  if (staged.sha256 !== stage.sha256) {
    throw new ReconciliationError(
      `${uri} has the SHA-256 ${staged.sha256}, its report says ${stage.sha256}`,
      {
        hint: "Find out who else writes to intake's bucket. Nothing of the delivery is in the lake.",
      },
    );
  }
  const totals = new ControlTotals(place.dataset);
  const made = await makeParquet(place, sha256, lakeRows(place.dataset, intake, delivery, totals));
  await observe("completed");
  const stated = { ...totals.totals, ...statedTotal(place.dataset, delivery), rowCount: stage.rowCount };
  const found = await proveParquet(place, made, stated, "the delivery's report");
  await observe("proven");
  const archived = { bucket: intake.name, key: file.key, versionId: file.versionId, sha256 };
  const rows = { bucket: intake.name, key: stage.key, versionId: stage.versionId, sha256: staged.sha256 };
  await recordMade(lake, place, { bucket: intake.name, key: stage.key, ...staged }, found, [archived]);
  await recordMade(lake, place, objectOf(place.bucket, made), found, [rows]);
  await observe("recorded");
  return made.key;
}

/** The accepted rows in the order of the dataset's columns. @param totals adds them up. */
async function* lakeRows(
  { columns, fileColumns }: DeliveryDataset,
  intake: Bucket,
  { stage, businessTime, loadNumber }: DeliveryWithRows,
  totals: ControlTotals,
): AsyncGenerator<TextRow[]> {
  const own: Readonly<Record<string, string>> = { business_time: businessTime, load_number: loadNumber };
  const indexes = columns.map(({ name }) => fileColumns.findIndex((column) => column.name === name));
  for await (const batch of storedRows(fileColumns, intake, stage)) {
    const rows = batch.map((row) =>
      columns.map(({ name }, at) => own[name] ?? row[indexes[at] ?? -1] ?? null),
    );
    totals.addRows(rows);
    yield rows;
  }
}

/** The figure in intake's report. */
const CONTROL_FIGURE = "control total";

/** What the file states, if it is of the accepted rows alone: it also covers rejected ones. */
function statedTotal(
  { columns, totals }: DeliveryDataset,
  { figures, rejectedRecords }: DeliveryWithRows,
): Readonly<Record<string, string>> {
  const controlled = totals.find(({ name }) => name === CONTROL_TOTAL)?.column;
  const column = columns.find(({ name }) => name === controlled);
  const figure = figures.find(({ name }) => name === CONTROL_FIGURE);
  if (column === undefined || figure === undefined || rejectedRecords > 0) return {};
  return { [CONTROL_TOTAL]: String(decimalUnits(figure.stated, column.type)) };
}
