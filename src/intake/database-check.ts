/** The checks that need the database: keys that come twice, references, and to which bank rows belong. */
import type { WriteTransaction } from "../platform/database/connection";
import { readStatement } from "../platform/statement";
import type { DatabaseProblem, Parameter } from "./check-statements";
import type { Feed } from "./feed";
import type { Expected } from "./file-check";
import type { Findings } from "./findings";
import type { RecordCheck } from "./record-check";
import { feedStatements } from "./statements";

const analyze = readStatement("intake/analyze_delivered.sql");
const createWrong = readStatement("intake/create_wrong.sql");
const countWrong = readStatement("intake/count_wrong.sql");
const firstWrong = readStatement("intake/first_wrong.sql");
const removeWrong = readStatement("intake/remove_wrong.sql");

export interface DatabaseFindings {
  /** Records whose only fault is that they refer to rows that don't exist. */
  readonly waitingRecords: number;
}

/** Finds what is wrong with the records in the temporary table, and leaves those that are right. */
export async function checkInDatabase(
  transaction: WriteTransaction,
  { feed, bankId, delivery }: Expected,
  { wrongKeys }: Pick<RecordCheck, "wrongKeys">,
  findings: Findings,
): Promise<DatabaseFindings> {
  const values: Readonly<Record<Parameter, string>> = {
    bank: String(bankId),
    businessTime: delivery.businessTime,
    wrongKeys: `{${wrongKeys.map(({ key }) => key).join(",")}}`,
    wrongLines: `{${wrongKeys.map(({ line }) => line).join(",")}}`,
  };
  await transaction.query(analyze);
  await transaction.query(createWrong);
  for (const { statement, parameters } of feedStatements(feed).checks) {
    await transaction.query(
      statement,
      parameters.map((name) => values[name]),
    );
  }
  const [counts] = await transaction.query(countWrong);
  const [problems = 0, records = 0, definiteRecords = 0] = (counts ?? []).map(Number);
  if (problems === 0) return { waitingRecords: 0 };

  const known = await transaction.query(firstWrong);
  const reasons = new Map<number, { reason: string; column: string }[]>();
  for (const [line, column, problem, otherLine] of known) {
    const found = {
      reason: reasonOf(feed, problem as DatabaseProblem, column, otherLine),
      column: column ?? "",
    };
    reasons.set(Number(line), [...(reasons.get(Number(line)) ?? []), found]);
  }
  for (const [line, found] of reasons) findings.record(line, found);
  findings.countMore(records - reasons.size, problems - known.length);
  await transaction.query(removeWrong);
  return { waitingRecords: records - definiteRecords };
}

function reasonOf(
  { table, references }: Feed,
  problem: DatabaseProblem,
  column: string | null | undefined,
  otherLine: string | null | undefined,
): string {
  const target = references.find((reference) => reference.column === column)?.to.table ?? table;
  switch (problem) {
    case "twice":
      return `is also in line ${otherLine ?? ""}`;
    case "missing":
      return `refers to a row of ${target} that doesn't exist`;
    case "other-bank":
      return `refers to a row of ${target} that isn't this bank's`;
    case "key-of-other-bank":
      return `is the key of a row of ${table} that isn't this bank's`;
    case "taken":
      return otherLine == null ? `is in another row of ${table} already` : `is also in line ${otherLine}`;
  }
}
