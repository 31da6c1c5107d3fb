/**
 * Computes the figures again in another way: from the bare tables, loan by loan, in whole numbers, as
 * `docs/contract.md` describes them. It shares no code with the program.
 */
import type { World } from "./world";

interface Loan {
  readonly amount: bigint | null;
  readonly month: string;
}

interface Branch {
  readonly id: number;
  readonly bankId: number;
  readonly address: string | null;
  readonly loans: Loan[];
}

export interface Tables {
  readonly banks: readonly { readonly id: number; readonly name: string }[];
  readonly branches: readonly Branch[];
}

/** Reads the tables one by one and joins them in JavaScript. */
export async function readTables(world: Pick<World, "sql">): Promise<Tables> {
  const banks = await world.sql<{ id: number; name: string }>(
    "select idbank as id, name from bank order by 1",
  );
  const branchRows = await world.sql<{ idbranch: number; bank_idbank: number; address: string | null }>(
    "select * from branch order by idbranch",
  );
  const clients = await world.sql<{ idclient: number; branch_idbranch: number }>("select * from client");
  const accounts = await world.sql<{ idaccount: number; client_idclient: number }>("select * from account");
  const loans = await world.sql<{ amount: number | null; account_idaccount: number; day: string | null }>(
    "select amount, account_idaccount, loan_date::text as day from loans",
  );

  const branches = branchRows.map(({ idbranch, bank_idbank, address }): Branch => ({
    id: idbranch,
    bankId: bank_idbank,
    address,
    loans: [],
  }));
  const branchOf = new Map(branches.map((branch) => [branch.id, branch]));
  const branchOfClient = new Map(
    clients.map((client) => [client.idclient, branchOf.get(client.branch_idbranch)]),
  );
  const branchOfAccount = new Map(
    accounts.map((account) => [account.idaccount, branchOfClient.get(account.client_idclient)]),
  );
  for (const { amount, account_idaccount, day } of loans) {
    if (day === null) continue;
    branchOfAccount
      .get(account_idaccount)
      ?.loans.push({ amount: amount === null ? null : BigInt(amount), month: day.slice(0, 7) });
  }
  return { banks, branches };
}

/** The whole file of a bank and a month, as the contract describes it. */
export function expectedFile(
  { banks, branches }: Tables,
  bankId: number,
  month: string,
  lineEnding = "\n",
): string {
  const bankName = banks.find(({ id }) => id === bankId)?.name ?? "";
  const lines = branches
    .filter((branch) => branch.bankId === bankId)
    .sort((one, other) => one.id - other.id)
    .map((branch) => [
      String(bankId),
      bankName,
      String(branch.id),
      branch.address,
      month,
      ...figures(branch, month),
    ]);
  return [HEADER, ...lines].map((fields) => fields.map(quoted).join(",") + lineEnding).join("");
}

/** All files of a month, by bank id. */
export function expectedFiles(tables: Tables, month: string, lineEnding = "\n"): Map<number, string> {
  return new Map(tables.banks.map(({ id }) => [id, expectedFile(tables, id, month, lineEnding)]));
}

const HEADER = (
  "bank_id,bank_name,branch_id,branch_address,month,loan_count,loan_total,loan_average," +
  "loan_count_3m,moving_average_3m,monthly_total_average_3m"
).split(",");

function figures({ loans }: Branch, month: string): (string | null)[] {
  const window = [month, monthBefore(month), monthBefore(monthBefore(month))];
  const inMonth = loans.filter((loan) => loan.month === month);
  const inWindow = loans.filter((loan) => window.includes(loan.month));
  return [
    String(inMonth.length),
    String(total(inMonth)),
    average(inMonth),
    String(inWindow.length),
    average(inWindow),
    hundredths(total(inWindow), 3n),
  ];
}

function total(loans: readonly Loan[]): bigint {
  return loans.reduce((sum, { amount }) => sum + (amount ?? 0n), 0n);
}

function average(loans: readonly Loan[]): string | null {
  const known = loans.filter(({ amount }) => amount !== null);
  return known.length === 0 ? null : hundredths(total(known), BigInt(known.length));
}

/** A quotient with 2 decimals, rounded half away from zero. */
function hundredths(dividend: bigint, divisor: bigint): string {
  const size = dividend < 0n ? -dividend : dividend;
  const rounded = (size * 200n + divisor) / (divisor * 2n);
  const digits = String(rounded).padStart(3, "0");
  return `${dividend < 0n && rounded > 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function monthBefore(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, "0")}`;
}

function quoted(field: string | null): string {
  if (field === null) return "";
  return field === "" || /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
