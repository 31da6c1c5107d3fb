/** The role of intake has the rights that its statements need, and no others. */
import { readFile } from "node:fs/promises";
import path from "node:path";

import { fileOf, IntakeWorld } from "../../support/intake-world";
import { ROOT } from "../../support/root";

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());
beforeEach(() => intake.reset());

/** Inserts and updates a row of each feed. */
async function loadAll(): Promise<void> {
  const send = (feed: string, ...details: string[]) => intake.load(fileOf(details, { feed }), { feed });
  for (const result of [
    await send("clients", "300|N|S|10", "100|Other|S|11"),
    await send("accounts", "3000||300|", "1000||100|"),
    await send("loans", "70001||3000|"),
    await send("loans", "70001||1000|"),
  ]) {
    expect(result).toMatchObject({ outcome: "loaded", problems: [] });
  }
}

/** By SQL as the role of intake. */
const asRole = (statement: string) =>
  intake.connected((connection) =>
    connection.writeTransaction((transaction) =>
      transaction.query({ name: "test", text: statement, sha256: "" }),
    ),
  );

it.each([
  ...["bank", "branch"].map((table) => `select on ${table}`),
  ...["client", "account", "loans", "intake.delivery", "intake.row_origin"].flatMap((table) =>
    ["select", "insert", "update"].map((right) => `${right} on ${table}`),
  ),
  "usage on schema intake",
])("without the right %s nothing is loaded", async (right) => {
  await intake.world.sql(`revoke ${right} from intake_writer`);
  await expect(loadAll()).rejects.toMatchObject({
    name: "QueryError",
    message: expect.stringContaining("42501") as string,
  });
  await intake.world.sql(`grant ${right} to intake_writer`);
});

it("a database where not everybody may create temporary tables lets intake do so", async () => {
  const { database } = intake.world;
  await intake.world.sql(`revoke temporary on database ${database} from public`);
  await loadAll();
  await intake.reset();
  await intake.world.sql(`revoke temporary on database ${database} from intake_writer`);
  await expect(loadAll()).rejects.toMatchObject({ name: "QueryError" });
  await intake.world.sql(`grant temporary on database ${database} to intake_writer, public`);
});

it.each([
  "delete from loans",
  "truncate loans",
  "delete from intake.delivery",
  "update bank set name = 'x'",
  "insert into branch values (99, 1, 'x')",
  "select * from worker",
  "create table intake.mine (id int)",
  "drop table loans",
  "set role postgres",
])("the role may not %s", async (statement) => {
  await expect(asRole(statement)).rejects.toMatchObject({ name: "QueryError" });
});

it("the schema may be created again at any time, and keeps what it has", async () => {
  await loadAll();
  const before = await intake.state();
  await intake.world.sql(await readFile(path.join(ROOT, "sql", "intake", "schema.sql"), "utf8"));
  expect(await intake.state()).toEqual(before);
  await intake.reset();
  await loadAll();
});
