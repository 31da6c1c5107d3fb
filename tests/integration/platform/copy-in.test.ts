/** Content that is copied into the database within a write transaction. */
import { setTimeout as sleep } from "node:timers/promises";

import type { WriteTransaction } from "../../../src/platform/database/connection";
import { withConnection } from "../../../src/platform/database/connection";
import { withDeadline } from "../../../src/platform/deadline";
import { statementOf } from "../../../src/platform/statement";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => {
  world = await World.create("empty");
  await world.sql("create table entry (id int, name text)");
  await world.sql(`grant select, insert on entry to ${String(world.secret["username"])}`);
});
afterAll(() => world.close());
beforeEach(() => world.sql("truncate entry"));

const copy = statementOf("copy", "copy entry from stdin (format text, delimiter '|')");

function writing<Result>(
  action: (transaction: WriteTransaction) => Promise<Result>,
  timeLimitMs = 30_000,
): Promise<Result> {
  const { username, password, host, port, dbname } = world.secret;
  const settings = {
    ...{ secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined },
    ssl: "disable" as const,
  };
  async function* candidates() {
    yield {
      ...{ host: String(host), port: Number(port), database: String(dbname) },
      ...{ user: String(username), password: String(password) },
    };
    await Promise.resolve();
  }
  return withDeadline(timeLimitMs, "Wait.", (deadline) =>
    withConnection(settings, candidates(), deadline, (connection) => connection.writeTransaction(action)),
  );
}

const count = async () =>
  Number((await world.sql<{ count: string }>("select count(*) from entry"))[0]?.count);

async function* rows(number: number, text = "x") {
  for (let id = 0; id < number; id++) yield Buffer.from(`${id}|${text}\n`);
  await Promise.resolve();
}

it("is in the tables when the transaction commits", async () => {
  expect(await writing((transaction) => transaction.copyIn(copy, rows(1000)))).toBe(1000);
  expect(await count()).toBe(1000);
});

it("may be nothing", async () => {
  expect(await writing((transaction) => transaction.copyIn(copy, rows(0)))).toBe(0);
});

it("fails with the content's own error, and leaves the connection usable", async () => {
  async function* failing() {
    yield* rows(100);
    throw new Error("the content's own");
  }
  const caught = await writing(async (transaction) => {
    const error: unknown = await transaction.copyIn(copy, failing()).catch((each: unknown) => each);
    // PostgreSQL refuses every statement of a failed transaction, but the connection answers.
    await expect(transaction.query(statementOf("one", "select 1"))).rejects.toThrow("25P02");
    throw error;
  }).catch((error: unknown) => error);
  expect(caught).toMatchObject({ message: "the content's own" });
  expect(await count()).toBe(0);
});

it("fails with the statement's error", async () => {
  async function* wrong() {
    yield* rows(10);
    yield Buffer.from("no number|x\n");
    await Promise.resolve();
  }
  await expect(writing((transaction) => transaction.copyIn(copy, wrong()))).rejects.toMatchObject({
    ...{ name: "QueryError", message: expect.stringContaining("22P02") as string },
  });
  const missing = statementOf("copy", "copy nothing from stdin");
  await expect(writing((transaction) => transaction.copyIn(missing, rows(10)))).rejects.toMatchObject({
    ...{ name: "QueryError", message: expect.stringContaining("42P01") as string },
  });
});

it("is read no faster than the server takes it", async () => {
  await world.sql("create table slow (id int, name text)");
  await world.sql(`grant insert on slow to ${String(world.secret["username"])}`);
  await world.sql(
    `create function wait() returns trigger language plpgsql as
     $$ begin if new.id = 0 then perform pg_sleep(1); end if; return new; end $$`,
  );
  await world.sql("create trigger wait before insert on slow for each row execute function wait()");
  let sent = 0;
  let sentInTime: number | undefined;
  async function* counted() {
    for await (const chunk of rows(2000, "x".repeat(10_000))) {
      sent += 1;
      yield chunk;
    }
  }
  const into = statementOf("copy", "copy slow from stdin (format text, delimiter '|')");
  await writing(async (transaction) => {
    const copying = transaction.copyIn(into, counted());
    await sleep(500);
    sentInTime = sent;
    await copying;
  });
  expect(sent).toBe(2000);
  // 20 MB in all; what the sockets' buffers take is a part of it.
  expect(sentInTime).toBeLessThan(1500);
});

it("ends at the deadline although the content doesn't", async () => {
  async function* stalled() {
    yield* rows(10);
    await sleep(60_000, undefined, { ref: false });
  }
  const startedAt = Date.now();
  await expect(writing((transaction) => transaction.copyIn(copy, stalled()), 500)).rejects.toThrow();
  expect(Date.now() - startedAt).toBeLessThan(5000);
  expect(await count()).toBe(0);
});

it("ends when its connection is lost", async () => {
  async function* stalled() {
    yield* rows(10);
    await world.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [
      world.secret["username"],
    ]);
    await sleep(60_000, undefined, { ref: false });
  }
  await expect(writing((transaction) => transaction.copyIn(copy, stalled()))).rejects.toMatchObject({
    ...{ name: "DatabaseUnavailableError", retry: true },
  });
});
