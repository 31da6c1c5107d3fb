/**
 * The rights of intake's role, as `sql/intake/schema.sql` grants them, held against the statements that loads send: each is
 * needed, and there are no others. That they are enough, every other test of intake shows: it loads as this role.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";

import { feeds } from "../../../src/intake/feeds";
import { statementOf } from "../../../src/platform/statement";
import { fileOf, IntakeWorld } from "../../support/intake-world";
import { ROOT } from "../../support/root";

let intake: IntakeWorld;
beforeAll(async () => {
  intake = await IntakeWorld.create();
  // Otherwise the role would have this right like everybody.
  await intake.world.sql(`revoke temporary on database ${String(intake.world.secret["dbname"])} from public`);
});
afterAll(() => intake.close());
beforeEach(() => intake.reset());

interface Granted {
  readonly right: string;
  readonly on: string;
}

/** Everything that the role may do in this database, from the catalog. */
async function granted(): Promise<Granted[]> {
  return intake.world.sql<{ right: string; on: string }>(`
    with acls as (
      select relacl as acl, 'table ' || oid::regclass as name from pg_class
      union all
      select nspacl, 'schema ' || nspname from pg_namespace
      union all
      select datacl, 'database ' || datname from pg_database where datname = current_database()
      union all
      select proacl, 'function ' || oid::regprocedure from pg_proc
      union all
      select attacl, 'column ' || attrelid::regclass || '.' || attname from pg_attribute
    )
    select lower(privilege_type) as right, name as on
    from acls, aclexplode(acl) as item
    where item.grantee = 'intake_writer'::regrole
    order by 2, 1`);
}

/** Loads of every feed that insert, update and leave rows; the last are found loaded before. */
async function loadEverything(): Promise<void> {
  const details = { clients: "300|N|S|10", accounts: "3000|1|300|", loans: "1|1|3000|" };
  for (const [feed, detail] of Object.entries(details)) {
    const total = feed === "clients" ? 0 : 1;
    const first = fileOf([detail], { feed, total });
    expect(await intake.load(first, { feed })).toMatchObject({ outcome: "loaded" });
    expect(await intake.load(first, { feed })).toMatchObject({ outcome: "unchanged" });
    const changed = detail.replace("|N|", "|M|").replace("||", "|2026-01-01|").replace(/\|$/, "|2026-01-01");
    const later = fileOf([changed], { feed, total, time: "2026-10-01T22:00:00Z" });
    expect(await intake.load(later, { feed, time: "20261001T220000" })).toMatchObject({
      counts: { updated: 1 },
    });
  }
}

it("are these, and no others", async () => {
  const database = `database ${String(intake.world.secret["dbname"])}`;
  const writes = ["insert", "select", "update"];
  const of = (rights: readonly string[], on: string) => rights.map((right) => ({ right, on }));
  const tables = [...feeds.map(({ table }) => table), "intake.delivery", "intake.row_origin"];
  const expected = [
    ...of(["temporary"], database),
    ...of(["usage"], "schema intake"),
    ...tables.flatMap((table) => of(writes, `table ${table}`)),
    ...["bank", "branch"].flatMap((table) => of(["select"], `table ${table}`)),
  ];
  const text = (rights: readonly Granted[]) => rights.map(({ right, on }) => `${right} on ${on}`).sort();
  expect(text(await granted())).toEqual(text(expected));
});

it("are each needed: without one, a load is refused, and the hint names it", async () => {
  await loadEverything();
  for (const { right, on } of await granted()) {
    await intake.reset();
    await intake.world.sql(`revoke ${right} on ${on} from intake_writer`);
    const refused = await loadEverything().then(
      () => "loaded",
      (error: unknown) => error,
    );
    await intake.world.sql(`grant ${right} on ${on} to intake_writer`);
    const name = on.replace(/^table .*\./, "table ");
    expect({ right, on, refused }).toMatchObject({
      refused: {
        ...{ name: "QueryError", retry: false },
        message: expect.stringContaining("SQLSTATE 42501") as string,
        hint: expect.stringMatching(
          new RegExp(`Grant the user .*\\b${right}\\b.* on (${name}|the tables)`),
        ) as string,
      },
    });
  }
});

it("and all that was loaded stay the same when the file is run again", async () => {
  await loadEverything();
  const before = [await granted(), await intake.state()];
  await intake.world.sql(await readFile(path.join(ROOT, "sql", "intake", "schema.sql"), "utf8"));
  expect([await granted(), await intake.state()]).toEqual(before);
});

it("don't let the role delete, read other tables, or create anything", async () => {
  const refused = [
    "delete from loans",
    "truncate loans",
    "delete from intake.delivery",
    "select 1 from worker",
    "insert into branch values (1)",
    "create table public.mine ()",
    "create table intake.mine ()",
  ];
  for (const text of refused) {
    const sending = intake.connected((connection) =>
      connection.writeTransaction((transaction) => transaction.query(statementOf(text, text))),
    );
    await expect(sending).rejects.toMatchObject({ message: expect.stringContaining("42501") as string });
  }
});

it("of a role that loads don't come with a right to read for the role of extracts", async () => {
  const reader = String(intake.world.secret["username"]);
  const [row] = await intake.world.sql<{ may: boolean }>(
    "select has_schema_privilege($1, 'intake', 'usage') or pg_has_role($1, 'intake_writer', 'member') as may",
    [reader],
  );
  expect(row).toEqual({ may: false });
});
