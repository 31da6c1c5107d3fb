/** The files of `loan_detail`, computed in another way: from the tables, as the contract describes them. */
import type { World } from "./world";

interface LoanRow {
  readonly idloan: number;
  readonly amount: number | null;
  readonly account_idaccount: number;
  readonly day: string;
}

const HEADER = "bank_id,bank_name,branch_id,branch_address,client_id,account_id,loan_id,loan_date,amount\n";

/** The month's file of each bank, by bank id; a bank without loans has only the header. */
export async function expectedDetailFiles(
  world: Pick<World, "sql">,
  month: string,
): Promise<Map<number, string>> {
  const loans = await world.sql<LoanRow>("select *, loan_date::text as day from loans");
  const clientOf = await column(world, "account", "idaccount", "client_idclient");
  const branchOf = await column(world, "client", "idclient", "branch_idbranch");
  const bankOf = await column(world, "branch", "idbranch", "bank_idbank");
  const addressOf = await column(world, "branch", "idbranch", "address");
  const nameOf = await column(world, "bank", "idbank", "name");

  const rows = loans
    .filter(({ day }) => day.slice(0, 7) === month)
    .map((loan) => {
      const client = Number(clientOf.get(loan.account_idaccount));
      const branch = Number(branchOf.get(client));
      return { loan, client, branch, bank: Number(bankOf.get(branch)) };
    })
    .sort((one, other) => one.branch - other.branch || one.loan.idloan - other.loan.idloan);
  const lines = (bankId: number) =>
    rows
      .filter(({ bank }) => bank === bankId)
      .map(({ loan, client, branch, bank }) =>
        [bank, nameOf.get(bank), branch, addressOf.get(branch), client, loan.account_idaccount]
          .concat([loan.idloan, loan.day, loan.amount])
          .map(quoted)
          .join(","),
      );
  return new Map(
    [...nameOf.keys()].map((bankId) => [
      bankId,
      HEADER +
        lines(bankId)
          .map((line) => `${line}\n`)
          .join(""),
    ]),
  );
}

type Value = string | number | null;

async function column(
  world: Pick<World, "sql">,
  table: string,
  key: string,
  value: string,
): Promise<Map<number, Value>> {
  const rows = await world.sql<Record<string, Value>>(`select ${key}, ${value} from ${table}`);
  return new Map(rows.map((row) => [Number(row[key]), row[value] ?? null]));
}

function quoted(field: Value | undefined): string {
  if (field === null || field === undefined) return "";
  const text = String(field);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
