/**
 * Faults of the database and of the network to it: before, during and after its answer, by refusal, silence, crash
 * and failover, and by an untrusted server.
 */
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { ConfigError, BatchError } from "../../../src/platform/errors";
import type { Summary } from "../../../src/extract/extract";
import { CertificateAuthority, type CertificateOptions } from "../../support/certificates";
import { expectFailure, expectPublished } from "../../support/fault";
import { addLoanEachMonth } from "../../support/large-bank";
import { commandLine } from "../../support/command-line";
import { primary, PrivateServer } from "../../support/private-server";
import { Proxy } from "../../support/proxy";
import { makeLoansSlow } from "../../support/slow-loans";
import { testServer } from "../../support/test-server";
import { stagedAsUploads, World } from "../../support/world";

jest.setTimeout(60_000);

const unavailable = { name: "DatabaseUnavailableError", exitCode: 75 } as const;

/** Adds two banks with so many branches that sending their rows takes a while. */
async function fillBranches(world: World, branches: number): Promise<void> {
  await world.sql("insert into bank values (1, 'Bank One', 0), (2, 'Bank Two', 0)");
  await world.sql(
    `insert into branch
     select number, 1 + number * 2 / ($1 + 1), repeat('x', 200) from generate_series(1, $1::int) as number`,
    [branches],
  );
  await addLoanEachMonth(world);
}

/** Adds so many branches to the first and the third bank that sending the rows takes a while. */
async function fillServer(server: PrivateServer): Promise<void> {
  await server.sql(
    "insert into branch select number, 1 + number % 2 * 2, repeat('x', 200) from generate_series(100001, 150000) as number",
  );
}

/** Early enough that the connection's buffers can't hold the remaining rows. */
const midStream = { after: { rows: 1000 } } as const;

function addressOf({ environment }: PrivateServer): { host: string; port: number } {
  return { host: environment["DB_HOST"] ?? "", port: Number(environment["DB_PORT"]) };
}

/** Ends the program's backend and waits until it is gone. */
async function terminateBackend(world: World): Promise<void> {
  await world.sql(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and application_name = 'bank-batch'`,
  );
}

/** Waits until the program's backend computes the slow statement of {@link makeLoansSlow}. */
async function whenComputing(world: World): Promise<void> {
  const sleeping =
    "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
  while ((await world.sql(sleeping)).length === 0) await sleep(20);
}

/** Runs the action once, at the first request for the operation, which waits until the action has ended. */
function once(world: World, operation: string, action: () => Promise<void>): void {
  let done: Promise<void> | undefined;
  world.aws.onRequest(async (event) => {
    if (event.operation === operation) await (done ??= action());
    return undefined;
  });
}

describe("connecting to the database", () => {
  let world: World;
  let proxy: Proxy;
  beforeEach(async () => {
    world = await World.create("seeded", stagedAsUploads);
    proxy = await Proxy.create(testServer());
  });
  afterEach(async () => {
    await proxy.close();
    await world.close();
  });

  it("fails when the connection is refused", async () => {
    const options = { environment: proxy.environment };
    await proxy.close();
    await expectFailure(
      { world, options },
      { ...unavailable, message: [world.database, "ECONNREFUSED"], hint: "database is running" },
    );
  });

  it("fails after 10 s when the server accepts the connection and sends nothing", async () => {
    proxy.script = { silentFromTheStart: true };
    const error = await expectFailure(
      { world, options: { environment: proxy.environment } },
      { ...unavailable, message: [world.database, "timeout"], hint: "database is running" },
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("waits for a server whose first byte comes late", async () => {
    proxy.script = { pass: true, firstByteAfterMs: 1500 };
    await expectPublished({ world, options: { environment: proxy.environment } });
  });

  it.each(["cut", "reset"] as const)(
    "fails when the connection ends during authentication: %s",
    async (then) => {
      proxy.script = { after: { bytes: 5 }, then };
      await expectFailure(
        { world, options: { environment: proxy.environment } },
        { ...unavailable, message: [world.database], hint: "database is running" },
      );
    },
  );

  it("fails when the server has no connection left (SQLSTATE 53300)", async () => {
    await world.sql(`alter role ${String(world.secret["username"])} connection limit 0`);
    await expectFailure(
      { world },
      {
        ...unavailable,
        message: [world.database, "too many connections for role"],
        hint: "a few minutes",
      },
    );
    await world.sql(`alter role ${String(world.secret["username"])} connection limit -1`);
    await expectPublished({ world });
  });

  it("succeeds when the server allows only read-only transactions, as a reader instance does", async () => {
    // It refuses to write, as a reader instance does. The hot standby below is a real one.
    await world.sql(`alter role ${String(world.secret["username"])} set default_transaction_read_only = on`);
    await expectPublished({ world });
  });
});

describe("when the backend is terminated", () => {
  /** A server that is sending a row when it ends can't say why. */
  const terminated = /due to administrator command$|Connection terminated unexpectedly$|read ECONNRESET$/;
  const eitherHint = /a few minutes|database is running/;

  let world: World;
  beforeEach(async () => {
    world = await World.create("empty", stagedAsUploads);
    // More than the connection's buffers hold, so that rows are still missing when the backend is gone.
    await fillBranches(world, 120_000);
  });
  afterEach(() => world.close());

  it("while it computes, the run fails with the server's message", async () => {
    await world.sql("insert into loans values (1, 100, null, '2026-09-15')");
    await makeLoansSlow(world);
    const hasEnded = whenComputing(world).then(() => terminateBackend(world));
    await expectFailure(
      { world },
      { ...unavailable, message: [world.database, "due to administrator command"], hint: "a few minutes" },
    );
    await hasEnded;
  });

  it("while it sends rows, the run fails", async () => {
    once(world, "UploadPart", () => terminateBackend(world));
    const { message } = await expectFailure(
      { world },
      { ...unavailable, message: [world.database], hint: eitherHint },
    );
    expect(message).toMatch(terminated);
  });

  it("after the last row, the run succeeds", async () => {
    once(world, "CompleteMultipartUpload", () => terminateBackend(world));
    await expectPublished({ world });
  });

  it("after the last row by its limit on idle transactions, the run succeeds", async () => {
    await world.sql(
      `alter role ${String(world.secret["username"])} set idle_in_transaction_session_timeout = '200ms'`,
    );
    once(world, "CompleteMultipartUpload", () => sleep(500));
    await expectPublished({ world });
  });

  it("between two months, the run fails and the first month stays published", async () => {
    once(world, "PutObject", () => terminateBackend(world));
    const error = await expectFailure(
      { world, input: { from: "2026-08", to: "2026-09" } },
      {
        ...unavailable,
        message: [world.database],
        hint: eitherHint,
        done: ["2026-08"],
        keys: [
          "BankOne/2026/08/BankOne_20260831.csv",
          "BankTwo/2026/08/BankTwo_20260831.csv",
          "_manifests/2026/08.json",
        ],
      },
    );
    expect(error.message).toMatch(terminated);
    expect(error.done).toEqual(["2026-08"]);
  });
});

describe("when the connection", () => {
  let world: World;
  let proxy: Proxy;
  let environment: Readonly<Record<string, string>>;
  beforeAll(async () => {
    world = await World.create("empty", stagedAsUploads);
    await fillBranches(world, 20_000);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    proxy = await Proxy.create(testServer());
    environment = { ...proxy.environment, EXTRACT_PREFIX: world.prefix() };
  });
  afterEach(() => proxy.close());

  it.each(["cut", "reset"] as const)("ends in the middle of a row, the run fails: %s", async (then) => {
    proxy.script = { after: { rows: 15_000 }, then };
    await expectFailure(
      { world, options: { environment } },
      { ...unavailable, message: [world.database], hint: "database is running" },
    );
  });

  it("goes silent in the middle of a row, the run ends at its deadline, even if the server never notices", async () => {
    proxy.script = { after: { rows: 15_000 }, then: "silent" };
    await expectFailure(
      {
        world,
        options: { environment, timeLimitMs: 2000 },
        release: () => proxy.close(),
      },
      {
        name: "DeadlineError",
        exitCode: 75,
        message: ["the time limit of 2 s is reached", "2026-09"],
        hint: "Give it more time.",
      },
    );
  });

  it("goes silent after the last row, the run succeeds, and its process does not wait for the connection to end", async () => {
    once(world, "CompleteMultipartUpload", () => {
      proxy.silence();
      return Promise.resolve();
    });
    const start = async () => {
      const arguments_ = ["extract", "--month", "2024-05", "--json"];
      const { stdout } = await commandLine(arguments_, { ...world.environment, ...environment });
      return JSON.parse(stdout) as Summary;
    };
    const release = () => proxy.close();
    await expectPublished({ world, options: { environment }, start, release });
  });

  it("fails once, the next run succeeds", async () => {
    proxy.script = { after: { rows: 15_000 }, then: "reset" };
    const options = { environment };
    await expectFailure(
      { world, options },
      { ...unavailable, message: [world.database], hint: "database is running" },
    );
    proxy.script = { pass: true };
    await expectPublished({ world, options });
  });
});

describe("a long statement", () => {
  let world: World;
  beforeEach(async () => (world = await World.create("seeded", stagedAsUploads)));
  afterEach(() => world.close());

  const running = () =>
    world.sql(
      "select 1 from pg_stat_activity where state = 'active' and query like '%loans.loan_date%' and pid <> pg_backend_pid()",
    );

  async function expectComputingEnded(): Promise<void> {
    const endedAt = Date.now();
    while ((await running()).length > 0 && Date.now() < endedAt + 2000) await sleep(50);
    expect(await running()).toEqual([]);
  }

  const late = {
    name: "DeadlineError",
    exitCode: 75,
    message: ["the time limit of 1 s is reached", "while the database was computing"],
    hint: "Give it more time.",
  } as const;

  it("is limited on the server to the time that the run has left", async () => {
    // This view records its session's limit where other sessions can see it: as the id of a lock.
    await world.sql("alter table bank rename to all_banks");
    await world.sql(
      `create view bank as select idbank, name from all_banks, pg_advisory_xact_lock_shared(
         4711, (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::integer)`,
    );
    await world.sql(`grant select on bank to ${String(world.secret["username"])}`);
    const limits = new Set<number>();
    once(world, "UploadPart", async () => {
      for (const { limit } of await world.sql<{ limit: string }>(
        "select objid::text as limit from pg_locks where locktype = 'advisory' and classid = 4711",
      ))
        limits.add(Number(limit));
    });
    await expectPublished({ world, options: { timeLimitMs: 20_123 } });
    expect(limits.size).toBe(1);
    for (const limit of limits) {
      expect(limit).toBeGreaterThan(15_000);
      expect(limit).toBeLessThan(20_123);
    }
  });

  it("ends the run at its deadline, and the server stops it within 2 s", async () => {
    await makeLoansSlow(world);
    await expectFailure({ world, options: { timeLimitMs: 1000 }, release: expectComputingEnded }, late);
  });

  it("is stopped even when the server can't notice that its client is gone", async () => {
    await makeLoansSlow(world);
    const proxy = await Proxy.create(testServer());
    // The answers before the first slow statement are a few kilobytes, and no more bytes come within the time limit.
    proxy.script = { after: { bytes: 1_000_000 }, then: "silent" };
    const release = async () => {
      await expectComputingEnded();
      await proxy.close();
    };
    await expectFailure(
      { world, options: { environment: proxy.environment, timeLimitMs: 1000 }, release },
      late,
    );
  });
});

describe("when the server", () => {
  let world: World;
  let server: PrivateServer;
  let proxy: Proxy;
  beforeEach(async () => {
    world = await World.create("seeded", stagedAsUploads);
    server = await PrivateServer.create(world);
    await fillServer(server);
    proxy = await Proxy.create(addressOf(server));
  });
  afterEach(async () => {
    await proxy.close();
    await server.close();
    await world.close();
  });

  it("crashes while it sends rows, the run fails, and the next run succeeds after the restart", async () => {
    const options = { environment: { ...server.environment, ...proxy.environment } };
    const run = { world, database: server, options };
    proxy.script = { ...midStream, meanwhile: () => server.crash() };
    await expectFailure(run, {
      ...unavailable,
      message: ["no connection to the database ods on 127.0.0.1", "terminated unexpectedly"],
      hint: "database is running",
    });
    proxy.script = { pass: true };
    await expectPublished(run);
  });

  it("is shut down while it sends rows, the run fails, and so does the next run", async () => {
    const run = {
      world,
      database: { sql: world.sql.bind(world), connections: () => Promise.resolve(0) },
      options: { environment: { ...server.environment, ...proxy.environment } },
    };
    proxy.script = { ...midStream, meanwhile: () => server.close() };
    await expectFailure(run, {
      ...unavailable,
      message: ["database ods on 127.0.0.1"],
      // The server's last message may or may not arrive.
      hint: /a few minutes|database is running/,
    });
    await expectFailure(
      { ...run, options: { environment: server.environment } },
      { ...unavailable, message: ["ECONNREFUSED"], hint: "database is running" },
    );
  });
});

describe("a hot standby", () => {
  let world: World;
  let server: PrivateServer;
  let standby: PrivateServer | undefined;
  let proxy: Proxy | undefined;
  beforeAll(async () => {
    world = await World.create("seeded", stagedAsUploads);
    server = await PrivateServer.create(world, primary);
    await fillServer(server);
  });
  afterAll(async () => {
    await server.close();
    await world.close();
  });

  afterEach(async () => {
    await proxy?.close();
    await standby?.close();
    standby = undefined;
  });

  it("serves a run as the primary does", async () => {
    const follower = (standby = await server.standby());
    await follower.ready();
    expect(await follower.sql("select pg_is_in_recovery() as standby")).toEqual([{ standby: true }]);
    await expectPublished({
      world,
      database: follower,
      options: { environment: { ...follower.environment, EXTRACT_PREFIX: world.prefix() } },
    });
  });

  it("that is not ready yet fails the run with a retryable error (SQLSTATE 57P03)", async () => {
    const follower = (standby = await server.standby({ hot_standby: "off" }));
    await sleep(1000);
    await expectFailure(
      {
        world,
        database: server,
        options: { environment: { ...follower.environment, EXTRACT_PREFIX: world.prefix() } },
      },
      { ...unavailable, message: ["not accepting connections"], hint: "a few minutes" },
    );
  });

  it("that ends the query to keep up with its primary fails the run with a retryable error", async () => {
    const follower = (standby = await server.standby({ max_standby_streaming_delay: "0" }));
    await follower.ready();
    const network = (proxy = await Proxy.create(addressOf(follower)));
    const environment = { ...follower.environment, ...network.environment, EXTRACT_PREFIX: world.prefix() };
    const options = { environment };
    const alterTable = async () => {
      await server.sql("alter table branch add column opened date");
      for (let waitedMs = 0; waitedMs < 5000; waitedMs += 50) {
        const columns = await follower.sql(
          "select 1 from information_schema.columns where column_name = 'opened'",
        );
        if (columns.length > 0) return;
        await sleep(50);
      }
    };
    network.script = { ...midStream, meanwhile: alterTable };
    await expectFailure(
      { world, database: follower, options },
      { ...unavailable, message: ["database ods on 127.0.0.1"], hint: "a few minutes" },
    );
    network.script = { pass: true };
    await expectPublished({ world, database: follower, options });
  });
});

describe("the default DB_SSL, verify-full,", () => {
  const authority = new CertificateAuthority("The Group's Authority");
  let world: World;
  let server: PrivateServer;
  let directory: string;
  let prefix: string;

  beforeAll(async () => {
    world = await World.create("seeded", stagedAsUploads);
    directory = await mkdtemp(path.join(os.tmpdir(), "certificates-"));
    await chmod(directory, 0o755);
    await writeFile(path.join(directory, "authority.pem"), authority.certificate);
    await certify({ names: ["localhost"] });
    server = await PrivateServer.create(world, {
      ssl: "on",
      ssl_cert_file: path.join(directory, "server.pem"),
      ssl_key_file: path.join(directory, "server.key"),
    });
  });
  afterAll(async () => {
    await server.close();
    await world.close();
    await rm(directory, { recursive: true });
  });
  beforeEach(() => (prefix = world.prefix()));

  /** Replaces the server's certificate files, which a running server reads when it reloads its configuration. */
  async function certify(options: CertificateOptions): Promise<void> {
    const { certificate, key } = authority.issue(options);
    const keyFile = path.join(directory, "server.key");
    await writeFile(path.join(directory, "server.pem"), certificate);
    await writeFile(keyFile, key, { mode: 0o600 });
    // PostgreSQL refuses a key file of another owner, and runs as the user nobody if root runs the tests.
    if (process.getuid?.() === 0) await chown(keyFile, 65534, 65534);
  }

  async function recertify(options: CertificateOptions): Promise<void> {
    await certify(options);
    await server.sql("select pg_reload_conf()");
    await sleep(200);
  }

  const settings = (host: string) => ({
    ...server.environment,
    DB_HOST: host,
    DB_SSL: undefined,
    EXTRACT_PREFIX: prefix,
  });

  /** Runs a process, because Node.js reads NODE_EXTRA_CA_CERTS only at startup. Its output becomes the error. */
  async function runCommandLine(host: string): Promise<Summary> {
    const { exitCode, stdout, stderr } = await commandLine(["extract", "--month", "2024-05", "--json"], {
      ...world.environment,
      ...settings(host),
      DB_SSL: "",
      NODE_EXTRA_CA_CERTS: path.join(directory, "authority.pem"),
    });
    if (exitCode === 0) return JSON.parse(stdout) as Summary;
    const [, message = stderr, hint = ""] = /Error: (.*)\nTry: +(.*)/.exec(stderr) ?? [];
    throw exitCode === 64
      ? new ConfigError(message, { hint, cause: stderr })
      : new BatchError(message, { hint, cause: stderr });
  }

  const child = (host: string) => ({
    world,
    database: server,
    options: { environment: settings(host) },
    start: () => runCommandLine(host),
  });

  const untrusted = { name: "ConfigError", exitCode: 64 } as const;

  it("accepts a server with a known authority and the right name, and encrypts the connection", async () => {
    const seen: unknown[] = [];
    const remove = world.aws.onRequest(async ({ operation }) => {
      if (operation !== "UploadPart") return undefined;
      seen.push(
        ...(await server.sql(
          "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'bank-batch'",
        )),
      );
      return undefined;
    });
    await expectPublished(child("localhost"));
    remove();
    expect(seen).toContainEqual({ ssl: true });
    expect(seen).not.toContainEqual({ ssl: false });
  });

  it("refuses a server with another name, even if its authority is known", async () => {
    await expectFailure(child("127.0.0.1"), {
      ...untrusted,
      message: ["no trusted connection", "127.0.0.1", "does not match"],
      hint: "names in the server's certificate",
    });
  });

  it("refuses a server whose certificate has expired", async () => {
    await recertify({ names: ["localhost"], expiresAt: new Date("2021-01-01T00:00:00Z") });
    await expectFailure(child("localhost"), {
      ...untrusted,
      message: ["no trusted connection", "certificate has expired"],
      hint: "certificate",
    });
    await recertify({ names: ["localhost"] });
  });

  it("refuses a server with an unknown authority", async () => {
    await expectFailure(
      { world, database: server, options: { environment: settings("localhost") } },
      {
        ...untrusted,
        message: ["no trusted connection", "unable to verify the first certificate"],
        hint: "NODE_EXTRA_CA_CERTS",
      },
    );
  });

  it("refuses a server without TLS", async () => {
    await expectFailure(
      { world, options: { environment: { DB_SSL: undefined, EXTRACT_PREFIX: prefix } } },
      {
        ...untrusted,
        message: ["no trusted connection", "does not support SSL"],
        hint: "DB_SSL=disable",
      },
    );
  });
});
