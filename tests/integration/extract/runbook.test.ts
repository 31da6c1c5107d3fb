/** The statements of docs/runbook.md do what the page says. */
import { codeBlocks } from "../../support/markdown";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => (world = await World.create("empty")));
afterAll(() => world.close());

const statements = codeBlocks("docs/runbook.md")
  .filter(({ language }) => language === "sql")
  .map(({ code }) => code);

function statementWith(words: string): string {
  const [statement, ...more] = statements.filter((each) => each.includes(words));
  if (statement === undefined || more.length > 0) throw new Error(`which statement has ${words}?`);
  return statement;
}

it("all of them run", async () => {
  expect(statements.length).toBeGreaterThan(3);
  await world.sql("begin");
  await world.sql("create role loan_extract");
  for (const statement of statements) await world.sql(statement);
  await world.sql("rollback");
});

it("the query for loans without a bank finds each of them in the window, and shows what is missing", async () => {
  for (const [table, column] of [
    ["loans", "account_idaccount"],
    ["account", "client_idclient"],
    ["client", "branch_idbranch"],
    ["branch", "bank_idbank"],
  ]) {
    await world.sql(`alter table ${String(table)} drop constraint ${String(table)}_${String(column)}_fkey`);
  }
  await world.sql("insert into bank values (1, 'One', 0)");
  await world.sql("insert into branch values (1, 1, ''), (2, 99, ''), (3, null, '')");
  await world.sql(
    "insert into client values (1, '', '', 1), (2, '', '', 2), (3, '', '', 3), (4, '', '', 99)",
  );
  await world.sql("insert into account values (1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 0, 4), (5, 0, 99)");
  await world.sql(
    `insert into loans
     select row_number() over (), 1, nullif(account, 0), date '2026-07-01' from unnest(array[1, 2, 3, 4, 5, 99, 0]) as account
     union all values (11, 1, null::int, date '2026-06-30'), (12, 1, null, '2026-09-30'), (13, 1, null, '2026-10-01')`,
  );
  const found = await world.sql<Record<string, number | null>>(
    `${statementWith("bank.idbank is null").replace(";", "")} order by 1`,
  );
  expect(found.map((row) => Object.values(row))).toEqual([
    [2, 2, 2, 2, null],
    [3, 3, 3, 3, null],
    [4, 4, 4, null, null],
    [5, 5, null, null, null],
    [6, null, null, null, null],
    [7, null, null, null, null],
    [12, null, null, null, null],
  ]);
});

it("the query for the characters of a bank's name shows those that nobody sees", async () => {
  await world.sql("insert into bank values (7, E'A\\u200db', 0)");
  const rows = await world.sql<{ code_points: string }>(statementWith("code_points"));
  expect(rows.at(-1)?.code_points).toBe("41 200d 62");
});
