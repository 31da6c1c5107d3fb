/** What a run reads from the database, all of it through one snapshot. */
import { createHash } from "node:crypto";

import type { Connection, Snapshot } from "../platform/database/connection";
import { ConflictError, QueryError } from "../platform/errors";
import { firstDayOf, type Month, monthPart, yearPart } from "../platform/month";
import { readStatement } from "../platform/statement";
import { refuseEmptyMonths } from "./empty-months";
import { GroupedRows } from "./grouped-rows";
import type { Provenance } from "./month-manifest";
import { type KeyedBank, keyedBanks } from "./object-key";
import { type BankTotals, type Controls, readBankTotals, readControls } from "./reconciliation";
import type { Request } from "./request";

export interface Source {
  readonly provenance: Provenance["source"];
  /** In the order of the rows. */
  readonly banks: readonly KeyedBank[];
  readonly controls: Controls;
  /** The rows of all months and banks, in the order in which the files are made. */
  readonly rows: GroupedRows;
  /** Resolves when the statement's result has the definition's columns. @throws DefinitionError if not. */
  readonly checked: Promise<void>;
  /** Why a month doesn't reconcile. It discards the remaining rows. */
  readonly readBankTotals: (month: Month) => Promise<BankTotals>;
  /** The rows of one month once more. It discards the remaining rows of {@link rows}. */
  readonly readAgain: (month: Month) => Promise<GroupedRows>;
}

/**
 * Excludes other runs of these months that use the same server; for runs on other servers, the conditional writes
 * decide. It comes before the snapshot, so that no run publishes data that is older than what was published last.
 *
 * @param location of the files: runs that publish elsewhere are not excluded.
 * @throws ConflictError if another run has one of the months.
 */
export async function lockMonths(
  connection: Connection,
  { definition, months }: Request,
  location: string,
): Promise<void> {
  const space = createHash("sha256").update(`${definition.name} ${location}`).digest().readInt32BE();
  for (const month of months) {
    if (await connection.tryLock(space, Number(`${yearPart(month)}${monthPart(month)}`))) continue;
    throw new ConflictError(`another run of ${month} is active`, {
      hint: "Wait until it has ended; it may have done what this run was for.",
    });
  }
}

/** The banks as they are before the run's snapshot, to look their files up in the bucket. */
export async function readBanksBefore(connection: Connection): Promise<readonly KeyedBank[]> {
  return readBanks(await connection.openSnapshot());
}

/**
 * Opens the snapshot, reads what is small, and starts the statement: one pass over the data for all months and banks.
 *
 * @param neverEmpty the months that must have data.
 * @throws QueryError if one of them has none.
 */
export async function openSource(
  connection: Connection,
  request: Request,
  neverEmpty: readonly Month[],
): Promise<Source> {
  const { definition, months } = request;
  const snapshot = await connection.openSnapshot();
  const provenance = await readProvenance(snapshot);
  const banks = await readBanks(snapshot);
  const controls = await readControls(snapshot, definition, months);
  await refuseEmptyMonths(snapshot, definition, neverEmpty, controls);
  const [first, last] = [months[0], months[months.length - 1] ?? months[0]];
  const days = [firstDayOf(first), firstDayOf(last)];
  const { checked, batches } = snapshot.stream(definition.statement, days, definition.columns);
  const rows = new GroupedRows(batches);
  return {
    ...{ provenance, banks, controls, rows, checked },
    readBankTotals: async (month) => {
      await rows.skip();
      return readBankTotals(snapshot, definition, month);
    },
    readAgain: async (month) => {
      await rows.skip();
      const day = firstDayOf(month);
      return new GroupedRows(snapshot.stream(definition.statement, [day, day], definition.columns).batches);
    },
  };
}

async function readProvenance(snapshot: Snapshot): Promise<Provenance["source"]> {
  const [row] = await snapshot.query(readStatement("extract/source.sql"));
  const [database, serverVersion, instant] = row ?? [];
  return { database: database ?? "", serverVersion: serverVersion ?? "", snapshot: instant ?? "" };
}

async function readBanks(snapshot: Snapshot): Promise<readonly KeyedBank[]> {
  const rows = await snapshot.query(readStatement("extract/banks.sql"));
  if (rows.length === 0) {
    throw new QueryError("the table bank is empty, so there is no file to make", {
      hint: "Check DB_NAME and DB_SCHEMA: is this the group's operational data store?",
    });
  }
  return keyedBanks(rows.map(([id, name]) => ({ id: Number(id), name: name ?? "" })));
}
