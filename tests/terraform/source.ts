/** The database that the stage under test reads, and its secret. */
import { type PostgresServer } from "../../local/postgres";
import { seed, smallSeed } from "../../local/seed";
import { createReader } from "../../local/stack";
import { addMonths, firstDayOf, lastDayOf, type Month } from "../../src/platform/month";
import type { Account } from "./account";
import { parameter } from "./stage";

/** Fills the source, creates a role for the extract, and stores its login in the secret as an operator would. */
export async function putSecret(
  account: Account,
  postgres: PostgresServer,
  month: Month,
): Promise<{ password: string; banks: { bankId: number; rowCount: number; loanTotal: string }[] }> {
  const owner = await postgres.connect("postgres");
  try {
    const [from, to] = [firstDayOf(addMonths(month, -3)), lastDayOf(month)];
    await seed(owner, { ...smallSeed, loans: 20_000, accounts: 3_000, from, to, bankWithoutBranches: true });
    const { username, password } = await createReader(owner);
    const { host, port } = postgres;
    const value = { engine: "postgres", host, port, dbname: "postgres", username, password };
    const secret = {
      SecretId: await parameter(account, "database-secret-arn"),
      SecretString: JSON.stringify(value),
    };
    await account.call("secretsmanager", "put_secret_value", secret);

    const { rows } = await owner.query<{ bankId: number; rowCount: number; loanTotal: string }>(
      `select
         bank.idbank as "bankId",
         (select count(*) from branch where branch.bank_idbank = bank.idbank)::integer as "rowCount",
         (
           select coalesce(sum(loans.amount), 0)
           from loans
           inner join account on account.idaccount = loans.account_idaccount
           inner join client on client.idclient = account.client_idclient
           inner join branch on branch.idbranch = client.branch_idbranch
           where branch.bank_idbank = bank.idbank and to_char(loans.loan_date, 'YYYY-MM') = $1
         )::text as "loanTotal"
       from bank
       order by bank.idbank`,
      [month],
    );
    return { password, banks: rows };
  } finally {
    await owner.end();
  }
}
