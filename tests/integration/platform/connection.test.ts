/** The database as pipelines see it, against a real server: write transactions and snapshots. */
import { Socket } from "node:net";

import type { Connection } from "../../../src/platform/database/connection";
import { withConnection } from "../../../src/platform/database/connection";
import { withDeadline } from "../../../src/platform/deadline";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => {
  world = await World.create("empty");
  await world.sql("create table entry (id int primary key)");
  await world.sql(`grant select, insert on entry to ${String(world.secret["username"])}`);
});
afterAll(() => world.close());
beforeEach(() => world.sql("truncate entry"));

const statement = (text: string) => ({ name: "test.sql", text, sha256: "" });
const insert = (id: number) => statement(`insert into entry values (${id})`);

function connected<Result>(action: (connection: Connection) => Promise<Result>): Promise<Result> {
  const { username, password, host, port, dbname } = world.secret;
  const credentials = {
    ...{ host: String(host), port: Number(port), database: String(dbname) },
    ...{ user: String(username), password: String(password) },
  };
  const settings = {
    ...{ secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined },
    ssl: "disable" as const,
  };
  async function* candidates() {
    yield credentials;
    await Promise.resolve();
  }
  return withDeadline(30_000, "Wait.", (deadline) =>
    withConnection(settings, candidates(), deadline, action),
  );
}

const entries = async () =>
  (await world.sql<{ id: number }>("select id from entry order by id")).map(({ id }) => id);

describe("a write transaction", () => {
  it("writes everything when it commits, and nothing is visible before", async () => {
    const seen = await connected((connection) =>
      connection.writeTransaction(async (transaction) => {
        await transaction.query(insert(1));
        await transaction.query(insert(2));
        return entries();
      }),
    );
    expect(seen).toEqual([]);
    expect(await entries()).toEqual([1, 2]);
  });

  it("writes nothing if its action fails, rejects with the action's error, and leaves the connection usable", async () => {
    await connected(async (connection) => {
      const failing = connection.writeTransaction(async (transaction) => {
        await transaction.query(insert(1));
        throw new Error("the action's own");
      });
      await expect(failing).rejects.toThrow("the action's own");
      await connection.writeTransaction((transaction) => transaction.query(insert(3)));
    });
    expect(await entries()).toEqual([3]);
  });

  it("writes nothing if a statement fails, even if the action continues", async () => {
    const stubborn = connected((connection) =>
      connection.writeTransaction(async (transaction) => {
        await transaction.query(insert(1));
        await transaction.query(insert(1)).catch(() => undefined);
      }),
    );
    await expect(stubborn).rejects.toMatchObject({ name: "QueryError" });
    expect(await entries()).toEqual([]);
  });

  it("writes nothing if the connection is lost, and the error says so", async () => {
    const lost = connected((connection) =>
      connection.writeTransaction(async (transaction) => {
        await transaction.query(insert(1));
        await world.sql(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bank-batch' and datname = current_database()",
        );
        await transaction.query(insert(2));
      }),
    );
    await expect(lost).rejects.toMatchObject({ name: "DatabaseUnavailableError", retry: true });
    expect(await entries()).toEqual([]);
  });
});

describe("a snapshot", () => {
  it("can't write, whatever rights the role has", async () => {
    const writing = connected(async (connection) => (await connection.openSnapshot()).query(insert(1)));
    await expect(writing).rejects.toMatchObject({
      name: "QueryError",
      message: expect.stringContaining("SQLSTATE 25006") as string,
    });
    expect(await entries()).toEqual([]);
  });

  it("shows one instant, and the next snapshot of the connection shows a later one", async () => {
    const countEntries = statement("select count(*) from entry");
    await connected(async (connection) => {
      const first = await connection.openSnapshot();
      expect(await first.query(countEntries)).toEqual([["0"]]);
      await world.sql("insert into entry values (1)");
      expect(await first.query(countEntries)).toEqual([["0"]]);
      const second = await connection.openSnapshot();
      expect(await second.query(countEntries)).toEqual([["1"]]);
    });
  });
});

describe("a role with a time zone and a date style of its own", () => {
  const role = () => String(world.secret["username"]);
  beforeAll(async () => {
    await world.sql(`alter role ${role()} set timezone = 'Asia/Tokyo'`);
    await world.sql(`alter role ${role()} set datestyle = 'SQL, DMY'`);
  });
  afterAll(() => world.sql(`alter role ${role()} reset all`));

  const times = statement("select timestamptz '2026-09-30 23:00:00Z', date '2026-09-15'");
  const inUtc = [["2026-09-30 23:00:00+00", "2026-09-15"]];

  it("gets times in UTC and dates as ISO 8601 from a snapshot", async () => {
    expect(await connected(async (connection) => (await connection.openSnapshot()).query(times))).toEqual(
      inUtc,
    );
  });

  it("gets times in UTC and dates as ISO 8601 from a write transaction", async () => {
    const read = connected((connection) => connection.writeTransaction((each) => each.query(times)));
    expect(await read).toEqual(inUtc);
  });
});

it("a connection uses TCP keep-alive", async () => {
  const keepAlive = jest.spyOn(Socket.prototype, "setKeepAlive");
  try {
    await connected(() => Promise.resolve());
    expect(keepAlive).toHaveBeenCalledWith(true, expect.anything());
  } finally {
    keepAlive.mockRestore();
  }
});
