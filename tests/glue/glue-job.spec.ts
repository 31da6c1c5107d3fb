/**
 * The Glue job and the Lambda make the same files from the same tables: the same keys, bytes and manifests. The job gives
 * the same guarantees for publication as the Lambda.
 */
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { RequestEvent } from "../../local/aws/server";
import { CertificateAuthority } from "../support/certificates";
import { expectedFiles, readTables } from "../support/figures";
import { PrivateServer } from "../support/private-server";
import { readRevision } from "../support/reader";
import { stagedAsUploads, World, type LoanManifest } from "../support/world";
import { GlueJob, runScript } from "./glue-job";

const month = "2026-09";
const WRITES = /^(Put|Create|UploadPart|Complete|Delete)/;

let world: World;
let job: GlueJob;
beforeAll(async () => {
  [world, job] = await Promise.all([World.create("seeded", stagedAsUploads), GlueJob.start()]);
  await prepareAwkwardTables();
});
afterAll(async () => {
  await job.close();
  await world.close();
});

let prefix: string;
beforeEach(() => (prefix = world.prefix()));

/** Adds the awkward values of real tables that the seed does not contain. */
async function prepareAwkwardTables(): Promise<void> {
  await world.sql("update loans set amount = -amount where idloan % 17 = 0");
  await world.sql("update loans set amount = null where idloan % 23 = 0");
  await world.sql("update loans set loan_date = null where idloan % 101 = 0");
  await world.sql(
    `insert into bank (idbank, name) values (20, E'ǆ ßank "東京"\\r\\nνησί'), (21, E'  o''bri\\u00aden ❤️ & co.  ')`,
  );
  await world.sql(
    `insert into branch (idbranch, bank_idbank, address)
     select 2000 + number, 20 + number % 2, address
     from unnest(array[E'\\r', E'\\n', ',', '"', '""', ' ', 'null', E'tab\\tand\\u00a0more', '=1+1', '-5', '🏦'])
       with ordinality as given (address, number)`,
  );
  // For each branch, the largest possible loans, and quotients of both signs that end in half a cent.
  await world.sql(
    "insert into client (idclient, branch_idbranch) select 9000000 + idbranch, idbranch from branch where idbranch > 2000",
  );
  await world.sql(
    "insert into account (idaccount, client_idclient) select idclient, idclient from client where idclient > 9000000",
  );
  await world.sql(
    `insert into loans (idloan, amount, account_idaccount, loan_date)
     select 90000000 + row_number() over (), amount * sign, idaccount, day
     from account
     cross join (values (1, 1), (2147483647, 1), (5, -1)) as given (amount, sign)
     cross join unnest(array[date '2026-05-31', '2026-07-01', '2026-09-30']) as day
     where idaccount > 9000000 and (amount::bigint + idaccount) % 3 > 0`,
  );
  await world.sql(
    `insert into loans (idloan, amount, account_idaccount, loan_date)
     select 95000000 + row_number() over (), sign * 100 + case when number = 1 then sign else 0 end, 9002001, day
     from generate_series(1, 200) as number
     cross join (values (1, date '2025-02-28'), (-1, date '2025-06-30')) as given (sign, day)`,
  );
}

function byLambda(input: object, environment: Readonly<Record<string, string>> = {}) {
  return world.run(input, { environment: { EXTRACT_PREFIX: prefix, ...environment } });
}

/** Runs the job for the month, with the test's prefix. */
function byGlue(...parameters: string[]) {
  const months = parameters.includes("--from") ? [] : ["--month", month];
  return job.run(world, ["--prefix", prefix, ...months, ...parameters]);
}

async function expectNothingPublished(): Promise<void> {
  expect(await world.keys(prefix)).toEqual([]);
  await expectNoOpenUploads();
}

async function expectNoOpenUploads(): Promise<void> {
  expect(await world.openUploads(prefix)).toEqual([]);
}

/** All files are published and contain the current figures, recomputed from the tables in another way. */
async function expectPublished(): Promise<void> {
  const tables = await readTables(world);
  const revision = await readRevision(world, month, prefix);
  expect(revision?.files).toEqual(expectedFiles(tables, month));
  await expectNoOpenUploads();
}

/** The parts of a manifest that don't depend on the run, the time and the location of the publication. */
function comparable(
  { runId, publishedAt, durationMs, source, query, program, files, history, ...rest }: LoanManifest,
  below: string,
) {
  // The Glue job leaves it out.
  expect(durationMs ?? 0).toBeGreaterThanOrEqual(0);
  expect([runId, publishedAt, query.sha256, program.version]).not.toContain("");
  return {
    ...rest,
    source: { ...source, snapshot: "" },
    program,
    files: files.map(({ key, versionId, ...file }) => {
      expect(versionId).not.toBeNull();
      return { ...file, key: key.slice(below.length) };
    }),
    history: history.length,
  };
}

/** The publications of the Lambda and the job, under two prefixes, are equal byte by byte. */
async function expectSame(lambda: string, glue: string): Promise<number> {
  const keys = (await world.keys(lambda)).map((key) => key.slice(lambda.length));
  expect((await world.keys(glue)).map((key) => key.slice(glue.length))).toEqual(keys);
  for (const key of keys.filter((each) => each.endsWith(".csv")))
    expect(await world.read(glue + key)).toBe(await world.read(lambda + key));
  const months = keys.flatMap((key) => /^_manifests\/(\d{4})\/(\d\d)\.json$/.exec(key) ?? []);
  for (let index = 0; index < months.length; index += 3) {
    const published = `${months[index + 1] ?? ""}-${months[index + 2] ?? ""}`;
    expect(comparable(await world.manifest(published, glue), glue)).toEqual(
      comparable(await world.manifest(published, lambda), lambda),
    );
  }
  return keys.length;
}

/** Answers the nth request of an operation with an error. */
function failOnce(operation: string, nth: number, status = 403) {
  let count = 0;
  return world.aws.onRequest((event) => {
    if (event.operation !== operation || ++count !== nth) return undefined;
    return {
      respond: { status, code: status === 403 ? "AccessDenied" : "InternalError", message: "Not now." },
    };
  });
}

describe("the same files", () => {
  it("are made for 24 months, with their keys and manifests", async () => {
    const range = { from: "2024-11", to: "2026-10" };
    const [lambda, glue] = [`${prefix}lambda/`, `${prefix}glue/`];
    const clock = [performance.now()];
    await byLambda(range, { EXTRACT_PREFIX: lambda });
    clock.push(performance.now());
    await byGlue("--from", range.from, "--to", range.to, "--prefix", glue);
    clock.push(performance.now());
    const seconds = clock.slice(1).map((at, index) => ((at - (clock[index] ?? 0)) / 1000).toFixed(1));
    process.stderr.write(
      `24 months: ${seconds[0] ?? ""} s by the Lambda, ${seconds[1] ?? ""} s by the Glue job\n`,
    );

    // Three banks with branches, one without, two with awkward names, and the manifest.
    expect(await expectSame(lambda, glue)).toBe(24 * (6 + 1));
    expect(await world.verify(range, { environment: { EXTRACT_PREFIX: glue } })).toHaveLength(24);
    const verified = await world.verify(range, { environment: { EXTRACT_PREFIX: glue } });
    expect(verified.flatMap(({ problems }) => problems)).toEqual([]);
  });

  it("are made with the other layout, line ending and encryption, and for one month in one slice", async () => {
    const [lambda, glue] = [`${prefix}lambda/`, `${prefix}glue/`];
    const settings = { EXTRACT_KEY_LAYOUT: "hive", EXTRACT_LINE_ENDING: "crlf", EXTRACT_KMS_KEY_ID: "key-1" };
    await byLambda({ month }, { EXTRACT_PREFIX: lambda, ...settings });
    const parameters = ["--key-layout", "hive", "--line-ending", "crlf", "--kms-key-id", "key-1"];
    await byGlue("--prefix", glue, "--slices", "1", ...parameters);
    expect(await expectSame(lambda, glue)).toBe(7);
  });

  it("are made if an upload has several parts", async () => {
    await world.sql(
      "insert into branch (idbranch, bank_idbank, address) select 3000000 + number, 3, repeat('x', 150) from generate_series(1, 60000) as number",
    );
    try {
      const [lambda, glue] = [`${prefix}lambda/`, `${prefix}glue/`];
      await byLambda({ month }, { EXTRACT_PREFIX: lambda });
      await byGlue("--prefix", glue);
      await expectSame(lambda, glue);
      const { files } = await world.manifest(month, glue);
      expect(files.map(({ etag }) => etag).join()).toMatch(/-2"/);
    } finally {
      await world.sql("delete from branch where idbranch > 3000000");
    }
  });

  it("are made if the script is started as Glue starts it", async () => {
    const output = await runScript(world, ["--prefix", prefix, "--month", month, "--restate", "false"]);
    expect(output).toContain('"status": "published"');
    await expectPublished();
  });

  it("are made over TLS if the server's authority is the one of --ca-file, and not otherwise", async () => {
    const authority = new CertificateAuthority("The authority of the database");
    const directory = await mkdtemp(path.join(os.tmpdir(), "certificates-"));
    const server = await tlsServer(authority, directory);
    try {
      const parameters = ["--prefix", prefix, "--month", month, "--ssl", "verify-full"];
      const database = {
        host: "localhost",
        port: server.address.port,
        dbname: server.environment["DB_NAME"],
      };
      const trusting = (certificate: string) =>
        runScript(world, [...parameters, "--ca-file", "authorities.pem"], {
          database,
          files: { "authorities.pem": certificate },
        });
      await expect(trusting(new CertificateAuthority("Another").certificate)).rejects.toThrow(
        /PKIX|SSL error/,
      );
      expect(await trusting(authority.certificate)).toContain('"status": "published"');
    } finally {
      await server.close();
      await rm(directory, { recursive: true });
    }
  });

  it("contain only the header for a bank without branches", async () => {
    await byGlue();
    const revision = await readRevision(world, month, prefix);
    expect(revision?.manifest.files.find(({ bankName }) => bankName === "Paper Bank")?.rowCount).toBe(0);
    await expectPublished();
  });
});

/** A server with the tables, whose certificate an authority signed for localhost. */
async function tlsServer(authority: CertificateAuthority, directory: string): Promise<PrivateServer> {
  const { certificate, key } = authority.issue({ names: ["localhost"] });
  const [certificateFile, keyFile] = [path.join(directory, "server.pem"), path.join(directory, "server.key")];
  await chmod(directory, 0o755);
  await writeFile(certificateFile, certificate);
  await writeFile(keyFile, key, { mode: 0o600 });
  // PostgreSQL refuses a key file of another owner, and runs as the user nobody if root runs the tests.
  if (process.getuid?.() === 0) await chown(keyFile, 65534, 65534);
  return PrivateServer.create(world, { ssl: "on", ssl_cert_file: certificateFile, ssl_key_file: keyFile });
}

describe("one snapshot", () => {
  it("is read by all slices, whatever is committed before they start", async () => {
    const [lambda, glue] = [`${prefix}lambda/`, `${prefix}glue/`];
    await byLambda({ month }, { EXTRACT_PREFIX: lambda });
    const before = await readTables(world);

    // The job takes its snapshot first. Then it queries the ids of the clients, which has to wait for the lock.
    await world.sql("begin");
    await world.sql("lock table client in access exclusive mode");
    const running = byGlue("--slices", "5", "--prefix", glue);
    await waitForBlockedSession();
    await world.sql("update loans set amount = amount - 1");
    await world.sql("delete from loans where idloan % 5 = 0");
    await world.sql("update client set branch_idbranch = 1001 where idclient % 7 = 0");
    await world.sql("update branch set address = 'moved' where idbranch % 2 = 0");
    await world.sql("commit");
    await running;

    expect(await readTables(world)).not.toEqual(before);
    expect(await expectSame(lambda, glue)).toBe(7);
  });

  async function waitForBlockedSession(): Promise<void> {
    for (;;) {
      // In a transaction, the statistics are cached until they are cleared.
      await world.sql("select pg_stat_clear_snapshot()");
      const waiting = await world.sql(
        "select from pg_stat_activity where application_name = 'bank-batch' and wait_event_type = 'Lock'",
      );
      if (waiting.length > 0) return;
      await sleep(20);
    }
  }
});

describe("publication", () => {
  it("leaves a month of the Lambda unchanged, and the Lambda leaves a month of the job unchanged", async () => {
    await byLambda({ month });
    const operations = await world.operationsDuring(async () => {
      expect((await byGlue()).months).toMatchObject([{ month, status: "unchanged", revision: 1 }]);
    });
    expect(operations.filter((operation) => WRITES.test(operation))).toEqual([]);

    prefix = `${prefix}other/`;
    expect((await byGlue()).months).toMatchObject([{ month, status: "published", revision: 1 }]);
    expect((await byLambda({ month })).months).toMatchObject([{ month, status: "unchanged", revision: 1 }]);
    expect((await byGlue("--restate", "true")).months).toMatchObject([{ status: "unchanged", revision: 1 }]);
    await expectPublished();
  });

  it("changes a published month only with --restate, and then increments the revision", async () => {
    await byGlue();
    const published = await world.manifest(month, prefix);
    await world.sql("update loans set amount = amount - 7 where idloan % 3 = 0");
    await expect(byGlue()).rejects.toMatchObject({
      name: "AlreadyPublishedError",
      message: expect.stringMatching(
        /2026-09 is published as revision 1 and would change: First National: pub/,
      ) as string,
    });
    expect(await world.manifest(month, prefix)).toEqual(published);

    expect((await byGlue("--restate")).months).toMatchObject([{ status: "restated", revision: 2 }]);
    const { history } = await world.manifest(month, prefix);
    expect(history).toEqual([
      {
        revision: 1,
        publishedAt: published.publishedAt,
        files: published.files.map(({ key, versionId, sha256 }) => ({ key, versionId, sha256 })),
      },
    ]);
    await expectPublished();
  });

  it("repairs a file that somebody overwrote", async () => {
    await byGlue();
    const [file] = (await world.manifest(month, prefix)).files;
    await world.put(file?.key ?? "", "not the file");
    expect((await byGlue()).months).toMatchObject([{ status: "repaired", revision: 2 }]);
    await expectPublished();
  });

  it("reports what it would do and writes nothing in a dry run", async () => {
    const operations = await world.operationsDuring(async () => {
      expect(await byGlue("--dry-run", "true")).toMatchObject({
        dryRun: true,
        months: [{ status: "published" }],
      });
    });
    expect(operations.filter((operation) => WRITES.test(operation))).toEqual([]);
    await expectNothingPublished();
  });

  it.each([
    ["the upload of a part", "UploadPart", 3],
    ["the start of an upload", "CreateMultipartUpload", 4],
    ["a completion", "CompleteMultipartUpload", 1],
  ])("leaves nothing behind if %s fails", async (_, operation, nth) => {
    const remove = failOnce(operation, nth);
    await expect(byGlue()).rejects.toMatchObject({ name: "ClientError" });
    remove();
    await expectNothingPublished();
  });

  it("leaves no manifest after a failure between two objects, and the next run publishes the month", async () => {
    const remove = failOnce("CompleteMultipartUpload", 3);
    await expect(byGlue()).rejects.toMatchObject({ name: "ClientError" });
    remove();
    expect(await readRevision(world, month, prefix)).toBeUndefined();
    await expectNoOpenUploads();

    await world.untilUnlocked();
    expect((await byLambda({ month })).months).toMatchObject([{ status: "published", revision: 1 }]);
    await expectPublished();
  });

  it("recognises its own object after a lost response", async () => {
    let lost = 0;
    const remove = world.aws.onRequest(({ operation }) =>
      operation === "CompleteMultipartUpload" && lost++ === 0 ? { reset: true, after: "handled" } : undefined,
    );
    expect((await byGlue()).months).toMatchObject([{ status: "published", revision: 1 }]);
    remove();
    expect(lost).toBeGreaterThan(6);
    await expectPublished();
  });

  it("fails with a conflict if another run wrote an object or a manifest in the meantime", async () => {
    for (const isMeant of [
      ({ operation }: RequestEvent) => operation === "CompleteMultipartUpload",
      ({ operation, key = "" }: RequestEvent) => operation === "PutObject" && key.endsWith(".json"),
    ]) {
      prefix = `${prefix}again/`;
      const remove = world.aws.onRequest(async (event) => {
        if (!isMeant(event)) return undefined;
        remove();
        await world.put(event.key ?? "", "another's");
        return undefined;
      });
      await expect(byGlue()).rejects.toMatchObject({ name: "ConflictError" });
      await expectNoOpenUploads();
    }
  });

  it("excludes a Lambda during its run, and is excluded during a run of a Lambda", async () => {
    const outcomes: unknown[] = [];
    const remove = world.aws.onRequest(async ({ operation }) => {
      if (operation !== "UploadPart") return undefined;
      remove();
      outcomes.push(await byLambda({ month }).catch((error: unknown) => error));
      return undefined;
    });
    await byGlue();
    const removeAgain = world.aws.onRequest(async ({ operation }) => {
      if (operation !== "GetObject") return undefined;
      removeAgain();
      outcomes.push(await byGlue().catch((error: unknown) => error));
      return undefined;
    });
    await byLambda({ month });
    expect(outcomes).toMatchObject([{ name: "ConflictError" }, { name: "ConflictError" }]);
    await expectPublished();
  });
});

describe("a refusal", () => {
  it.each([
    [["--month", "2026-11"], /2026-11 has not ended \(UTC\); the last month that has is 2026-10/],
    [["--from", "2026-08", "--to", "2026-12"], /2026-11, 2026-12 has not ended/],
    [["--from", "2026-08", "--to", "2026-07"], /--from \(2026-08\) is after --to \(2026-07\)/],
    [["--from", "2026-08"], /a range needs both --from and --to/],
    [[], /expected either --month, or --from with --to/],
    [["--month", "0206-09"], /expected a month from 1900-01 on, not 0206-09/],
    [["--month", "2026-9"], /expected a month as YYYY-MM, such as 2026-09, not '2026-9'/],
    [["--month", "2026-09", "--dryrun", "true"], /unknown argument --dryrun: did you mean --dry-run\?/],
    [["--month", "2026-09", "--restate", "perhaps"], /invalid choice: 'perhaps'/],
    [["--month", "2026-09", "--prefix", "/loans"], /expected a prefix without a leading slash/],
  ])("of the arguments %j says what is expected", async (parameters, message) => {
    await expect(job.run(world, parameters)).rejects.toMatchObject({
      name: "RequestError",
      message: expect.stringMatching(message) as string,
    });
  });

  it("of a loan that belongs to no bank names its count and total", async () => {
    await world.sql("insert into account (idaccount) values (99)");
    await world.sql("insert into loans values (99, 4711, 99, '2026-09-15')");
    try {
      await expect(byGlue()).rejects.toMatchObject({
        name: "ReconciliationError",
        message: expect.stringContaining(
          "without a bank: 1 loan of 4711 in all (window: 1 loan of 4711), because",
        ) as string,
      });
      await expectNothingPublished();
    } finally {
      await world.sql("delete from loans where idloan = 99");
      await world.sql("delete from account where idaccount = 99");
    }
  });

  it("of a month without loans says how to publish it on purpose", async () => {
    const empty = ["--prefix", prefix, "--month", "2020-01"];
    await expect(job.run(world, empty)).rejects.toMatchObject({
      name: "QueryError",
      message: expect.stringContaining("2020-01 is empty: the table loans has no data of it") as string,
    });
    await expectNothingPublished();
    expect((await job.run(world, [...empty, "--allow-empty"])).months).toMatchObject([
      { status: "published" },
    ]);
    expect((await job.run(world, empty)).months).toMatchObject([{ status: "unchanged" }]);
  });

  it("of bank names that give the same key or no key has the Lambda's message", async () => {
    await world.sql(
      "insert into bank (idbank, name) values (95, 'FIRST NATIONAL'), (96, '❤️'), (97, 'first-national'), (98, ' & '), (99, null)",
    );
    const lambda: unknown = await byLambda({ month }).catch((error: unknown) => error);
    const glue: unknown = await byGlue().catch((error: unknown) => error);
    await world.sql("delete from bank where idbank > 90");
    expect(glue).toMatchObject({ name: "QueryError" });
    expect((glue as Error).message).toContain((lambda as Error).message);
    await expectNothingPublished();
  });

  it("comes from the driver if the server can't prove its name", async () => {
    await expect(byGlue("--ssl", "verify-full")).rejects.toMatchObject({
      message: expect.stringContaining("The server does not support SSL") as string,
    });
  });
});
