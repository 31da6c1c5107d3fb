/** An extract that isn't about loans, defined here: its definition contains its reconciliation. */
import { randomUUID } from "node:crypto";

import { defineExtract, type ExtractDefinition } from "../../../src/extract/definition";
import { extract, type Summary } from "../../../src/extract/extract";
import { parseExtractSettings } from "../../../src/extract/settings";
import { withDeadline } from "../../../src/platform/deadline";
import type { Month } from "../../../src/platform/month";
import { NOW, World } from "../../support/world";

const statement = (name: string, text: string) => ({ name, text, sha256: name });

const accounts = defineExtract({
  name: "accounts",
  folder: "accounts/",
  statement: statement(
    "accounts.sql",
    `select branch.bank_idbank as bank_id, account.idaccount as account_id, account.open_date as opened_on,
       (account.balance / 100.0)::numeric(12, 2) as balance
     from account
     join client on client.idclient = account.client_idclient
     join branch on branch.idbranch = client.branch_idbranch
     where account.open_date >= $1::date and account.open_date < ($2::date + interval '1 month')::date
     order by date_trunc('month', account.open_date), 1, 2`,
  ),
  columns: [
    { name: "bank_id", type: "int32", meaning: "the bank" },
    { name: "account_id", type: "int32", meaning: "the account" },
    { name: "opened_on", type: "date", meaning: "the day on which it was opened" },
    { name: "balance", type: "decimal(12,2)", nullable: true, meaning: "its balance" },
  ],
  windowMonths: 1,
  rowKey: ["account_id"],
  fileBy: { bank: "bank_id", month: "opened_on" },
  reconciliation: {
    source: "the table account",
    measures: [{ name: "accountCount" }, { name: "balanceTotal", column: "balance" }],
    quality: ["accountsWithoutBalance"],
    controls: statement(
      "account_controls.sql",
      `select to_char(month_start, 'YYYY-MM'), count(account.idaccount),
         coalesce(sum((balance / 100.0)::numeric(12, 2)), 0.00),
         count(account.idaccount) filter (where balance is null)
       from generate_series($1::date, $2::date, interval '1 month') as month_start
       left join account on date_trunc('month', open_date) = month_start
       group by month_start`,
    ),
    bankControls: statement(
      "account_bank_controls.sql",
      `select branch.bank_idbank, count(*), coalesce(sum((balance / 100.0)::numeric(12, 2)), 0.00)
       from account
       left join client on client.idclient = account.client_idclient
       left join branch on branch.idbranch = client.branch_idbranch
       where date_trunc('month', open_date) = $1::date
       group by 1`,
    ),
    describe: ({ accountCount, balanceTotal }) =>
      `${String(accountCount)} accounts, ${String(balanceTotal)} cents`,
  },
});

let world: World;
beforeAll(async () => {
  world = await World.create("empty");
  await world.sql("insert into bank values (1, 'One', 0), (2, 'Two', 0)");
  await world.sql("insert into branch values (10, 1, ''), (20, 2, '')");
  await world.sql("insert into client values (100, '', '', 10), (200, '', '', 20), (300, '', '', null)");
  await world.sql("insert into account values (1, 150, 100, '2026-09-01'), (2, null, 200, '2026-09-30')");
});
afterAll(() => world.close());

function run(definition: ExtractDefinition, month = "2026-09"): Promise<Summary> {
  const flags = { restate: false, allowEmpty: false, dryRun: false, diff: false, motive: {} };
  const request = { definition, months: [month as Month] as const, ...flags };
  return withDeadline(60_000, "Wait.", (deadline) =>
    extract(request, {
      ...{
        deadline,
        runId: randomUUID(),
        aws: world.clients("extract"),
        now: () => NOW,
        observe: () => undefined,
      },
      settings: parseExtractSettings(world.environment),
    }),
  );
}

it("another extract is published with its own measures and quality figures in the manifest", async () => {
  const { months } = await run(accounts);
  expect(months[0]?.status).toBe("published");
  expect(await world.read("accounts/One/2026/09/One_20260930.csv")).toBe(
    "bank_id,account_id,opened_on,balance\n1,1,2026-09-01,1.50\n",
  );
  const manifest = JSON.parse(await world.read("accounts/_manifests/2026/09.json")) as Record<
    string,
    unknown
  >;
  expect(manifest["totals"]).toEqual({ rowCount: 2, accountCount: "2", balanceTotal: "1.50" });
  expect(manifest["quality"]).toEqual({ accountsWithoutBalance: 1 });
  expect(manifest["files"]).toMatchObject([
    { bankId: 1, accountCount: "1", balanceTotal: "1.50" },
    { bankId: 2, accountCount: "1", balanceTotal: "0.00" },
  ]);
});

it.each([
  ["without a statement for the span of its data", undefined, "the table account has no data of it"],
  [
    "with such a statement",
    "select to_char(min(open_date), 'YYYY-MM'), to_char(max(open_date), 'YYYY-MM') from account",
    "the data in the table account begins in 2026-09",
  ],
])("another extract is not published for a month without data, %s", async (_, text, reason) => {
  const span = text === undefined ? {} : { span: statement("account_span.sql", text) };
  const definition = { ...accounts, reconciliation: { ...accounts.reconciliation, ...span } };
  await expect(run(definition, "2026-08")).rejects.toMatchObject({
    name: "QueryError",
    message: `2026-08 is empty: ${reason}`,
  });
});

it("another extract is not published if its own control totals differ", async () => {
  await world.sql("insert into account values (3, 99, 300, '2026-09-02')");
  await expect(run({ ...accounts, folder: "other/" })).rejects.toMatchObject({
    name: "ReconciliationError",
    message:
      "2026-09 does not reconcile: without a bank: 1 accounts, 99 cents, because an account, client or branch is missing",
  });
});

describe("a statement that doesn't return the columns of its definition", () => {
  const [bank, account, ...others] = accounts.columns;
  const swapped: ExtractDefinition = {
    ...accounts,
    folder: "swapped/",
    columns: [account, bank, ...others].filter((column) => column !== undefined),
  };

  it("fails with both lists of columns before anything is staged, and closes its connection", async () => {
    const operations = await world.operationsDuring(() =>
      expect(run(swapped)).rejects.toMatchObject({
        name: "DefinitionError",
        message:
          "accounts.sql doesn't return the columns of its definition: column 1 is bank_id int32, the definition says account_id int32; column 2 is account_id int32, the definition says bank_id int32",
      }),
    );
    // It does not even begin with the month.
    expect(operations.toSorted()).toEqual(["GetObject", "GetSecretValue", "HeadObject"]);
    expect(await world.connections()).toBe(0);
  });
});
