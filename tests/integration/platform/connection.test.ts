/** The database as pipelines see it, against a real server: write transactions and snapshots. */
import { Socket } from "node:net";

import { freePort } from "../../../local/free-port";
import type { Connection } from "../../../src/platform/database/connection";
import { withConnection } from "../../../src/platform/database/connection";
import type { Credentials } from "../../../src/platform/database/credentials";
import { withDeadline } from "../../../src/platform/deadline";
import type { Statement } from "../../../src/platform/statement";
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

function credentials(): Credentials {
  const { username, password, host, port, dbname } = world.secret;
  return {
    ...{ host: String(host), port: Number(port), database: String(dbname) },
    ...{ user: String(username), password: String(password) },
  };
}

/** @param tried which credentials are tried, in this order; how many of them were is counted. */
function connected<Result>(
  action: (connection: Connection) => Promise<Result>,
  tried: readonly Credentials[] = [credentials()],
  count: () => void = () => undefined,
  stop?: AbortSignal,
): Promise<Result> {
  const settings = {
    ...{ secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined },
    ssl: "disable" as const,
  };
  async function* candidates() {
    for (const each of tried) {
      count();
      yield await Promise.resolve(each);
    }
  }
  return withDeadline(
    30_000,
    "Wait.",
    (deadline) => withConnection(settings, candidates(), deadline, action),
    stop,
  );
}

describe("credentials", () => {
  const nothing = () => Promise.resolve("connected");
  const wrong = () => ({ ...credentials(), password: "wrong" });

  it("are tried until the server accepts some", async () => {
    const count = jest.fn();
    expect(await connected(nothing, [wrong(), credentials(), credentials()], count)).toBe("connected");
    expect(count).toHaveBeenCalledTimes(2);
    await expect(connected(nothing, [wrong(), wrong()])).rejects.toMatchObject({ name: "CredentialsError" });
  });

  it("are not tried further if the server can't be reached", async () => {
    const count = jest.fn();
    const closed = { ...credentials(), port: await freePort() };
    await expect(connected(nothing, [closed, credentials()], count)).rejects.toMatchObject({
      name: "DatabaseUnavailableError",
    });
    expect(count).toHaveBeenCalledTimes(1);
  });
});

describe("a stream", () => {
  const numbers = (text: string) => statement(`select ${text} as number from generate_series(1, 100000) n`);
  const read = (of: Statement, name = "number") =>
    connected(async (connection) => {
      const snapshot = await connection.openSnapshot();
      const { batches } = snapshot.stream(of, [], [{ name, type: "int32", meaning: "" }]);
      let count = 0;
      for await (const rows of batches) count += rows.length;
      return count;
    });

  it("has all rows", async () => {
    expect(await read(numbers("n"))).toBe(100_000);
  });

  it("that fails behind its first rows rejects with the statement's error", async () => {
    await expect(read(numbers("1 / (99999 - n)"))).rejects.toMatchObject({
      name: "QueryError",
      message: expect.stringContaining("division by zero") as string,
    });
  });

  it("with other columns than expected is refused before its first row", async () => {
    await expect(read(numbers("n"), "other")).rejects.toMatchObject({ name: "DefinitionError" });
  });
});

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
    await expect(stubborn).rejects.toMatchObject({
      name: "QueryError",
      message: "nothing was written: a statement of the transaction had failed",
      hint: "The log has the statement's error. A retry won't help.",
    });
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

describe("what waits for the server ends for the reason of a stop", () => {
  const reason = new Error("stopped");

  /** Stops when the action waits. */
  async function stopped(action: (connection: Connection) => Promise<unknown>): Promise<unknown> {
    const controller = new AbortController();
    const ended = connected(action, [credentials()], undefined, controller.signal);
    const timer = setTimeout(() => {
      controller.abort(reason);
    }, 200);
    try {
      return await ended.catch((error: unknown) => error);
    } finally {
      clearTimeout(timer);
    }
  }
  const sleeps = statement("select 'x'::varchar(1) as slept from pg_sleep(20)");
  const columns = [{ name: "slept", type: "text(1)", meaning: "" }] as const;

  it.each<[string, (connection: Connection) => Promise<unknown>]>([
    ["a statement", async (connection) => (await connection.openSnapshot()).query(sleeps)],
    [
      "a stream",
      async (connection) => {
        const { batches } = (await connection.openSnapshot()).stream(sleeps, [], columns);
        for await (const _ of batches) continue;
      },
    ],
    [
      "a copy whose content hangs",
      (connection) =>
        connection.writeTransaction((transaction) =>
          transaction.copyIn(statement("copy entry from stdin"), hanging()),
        ),
    ],
  ])("%s", async (_, action) => {
    expect(await stopped(action)).toMatchObject({ name: "DatabaseUnavailableError", cause: reason });
    expect(await entries()).toEqual([]);
  });

  async function* hanging() {
    yield Buffer.from("1\n");
    await new Promise(() => undefined);
  }
});

it("a write transaction is read committed and can write, whatever the role's defaults are", async () => {
  const role = String(world.secret["username"]);
  await world.sql(`alter role ${role} set default_transaction_isolation = 'serializable'`);
  await world.sql(`alter role ${role} set default_transaction_read_only = on`);
  try {
    const shown = statement(
      "select current_setting('transaction_isolation'), current_setting('transaction_read_only')",
    );
    const found = connected((connection) => connection.writeTransaction((each) => each.query(shown)));
    expect(await found).toEqual([["read committed", "off"]]);
  } finally {
    await world.sql(`alter role ${role} reset all`);
  }
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
