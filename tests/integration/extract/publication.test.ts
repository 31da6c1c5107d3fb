/**
 * The guarantees of publishing: all banks or no bank is published, published data changes only on request, and every
 * outcome is the one in the contract. Each test publishes below its own prefix.
 */
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";

import type { RequestEvent } from "../../../local/aws/server";
import { expectedFiles, readTables } from "../../support/figures";
import { expectInPlace, readHistory, readRevision } from "../../support/reader";
import { type LoanFile, type RunOptions, stagedAsUploads, World } from "../../support/world";

const month = "2026-09";
const bothWays = [
  ["held in memory", {}],
  ["staged as uploads", stagedAsUploads],
] as const;

const WRITES = /^(Put|Create|UploadPart|Complete|Abort|Delete)/;

let world: World;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());

let prefix: string;
beforeEach(() => (prefix = world.prefix()));

function run(input: object = { month }, { environment = {}, ...options }: RunOptions = {}) {
  return world.run(input, { ...options, environment: { EXTRACT_PREFIX: prefix, ...environment } });
}

/** Runs one month, and returns its outcome and revision. */
async function outcomeOf(input: object = { month }, options: RunOptions = {}) {
  const { months } = await run(input, options);
  expect(months).toHaveLength(1);
  return { status: months[0]?.status, revision: months[0]?.revision };
}

async function filesByBank(): Promise<ReadonlyMap<number, LoanFile>> {
  const { files } = await world.manifest(month, prefix);
  return new Map(files.map((file) => [file.bankId, file]));
}

async function keyOf(bankId: number): Promise<string> {
  return (await filesByBank()).get(bankId)?.key ?? "";
}

/** All banks' files are published and hold what the tables say now, and their keys hold nothing else. */
async function expectPublished(ofMonth = month): Promise<void> {
  const tables = await readTables(world);
  const revision = await readRevision(world, ofMonth, prefix);
  expect(revision?.files).toEqual(expectedFiles(tables, ofMonth));
  await expectInPlace(world, revision?.manifest);
  expect(await world.openUploads(prefix)).toEqual([]);
}

async function expectNothingPublished(): Promise<void> {
  expect(await world.keys(prefix)).toEqual([]);
  expect(await world.openUploads(prefix)).toEqual([]);
}

const OTHER_CONTENT = "not the bank's file\n";

/** Adds one to the amount of each of the banks' loans of the month. */
async function changeLoans(...bankIds: number[]): Promise<void> {
  await world.sql(
    `update loans set amount = amount + 1
     from account, client, branch
     where idaccount = account_idaccount and idclient = client_idclient and idbranch = branch_idbranch
       and bank_idbank = any($1) and loan_date between '2026-09-01' and '2026-09-30'`,
    [bankIds],
  );
}

/** How many branches of each bank have a September loan with an amount: as many rows change with the amounts. */
async function countBranchesWithAmounts(): Promise<ReadonlyMap<number, number>> {
  const rows = await world.sql<{ bank: number; branches: string }>(
    `select bank_idbank as bank, count(distinct idbranch) as branches
     from loans, account, client, branch
     where idaccount = account_idaccount and idclient = client_idclient and idbranch = branch_idbranch
       and amount is not null and loan_date between '2026-09-01' and '2026-09-30' group by 1`,
  );
  return new Map(rows.map(({ bank, branches }) => [bank, Number(branches)]));
}

async function writesDuring(action: () => Promise<unknown>): Promise<string[]> {
  return (await world.operationsDuring(action)).filter((operation) => WRITES.test(operation));
}

describe("a month that is not published", () => {
  it("is published with every bank's file and a manifest that names each by its version", async () => {
    const now = new Date("2026-11-02T03:04:05.678Z");
    const { runId, months } = await run({ month }, { now });
    const { files, totals } = await world.manifest(month, prefix);
    const { rowCount: _, ...measures } = totals;
    expect(months).toEqual([
      {
        month,
        status: "published",
        revision: 1,
        manifest: `${prefix}_manifests/2026/09.json`,
        files: files.map(({ key, rowCount, byteCount, ...file }) => {
          const { loanCount, loanTotal, windowLoanCount, windowLoanTotal } = file;
          return {
            ...{ key, rowCount, byteCount },
            totals: { loanCount, loanTotal, windowLoanCount, windowLoanTotal },
          };
        }),
        totals: measures,
      },
    ]);
    await expectPublished();
    expect(await world.manifest(month, prefix)).toMatchObject({
      runId,
      revision: 1,
      publishedAt: now.toISOString(),
      history: [],
      source: { database: world.database },
    });
  });

  it("gets its manifest last, after every bank's file", async () => {
    const writes = await writesDuring(() => run());
    expect(writes).toEqual(["PutObject", "PutObject", "PutObject", "PutObject", "PutObject"]);
  });

  it("gets its manifest last, after every bank's file, if its files are staged as uploads", async () => {
    const writes = await writesDuring(() => run({ month }, { environment: stagedAsUploads }));
    expect(writes.slice(-5)).toEqual([
      "CompleteMultipartUpload",
      "CompleteMultipartUpload",
      "CompleteMultipartUpload",
      "CompleteMultipartUpload",
      "PutObject",
    ]);
    expect(writes.filter((operation) => operation === "PutObject")).toHaveLength(1);
  });

  it("costs one request for each bank besides the first, whose key the run looks at", async () => {
    const operations = await world.operationsDuring(() => run());
    const looks = ["GetSecretValue", "GetObject", "HeadObject", "ListMultipartUploads"];
    expect(operations.toSorted()).toEqual([...looks, ...Array<string>(5).fill("PutObject")].toSorted());
  });

  it("and has a later bank's file, which its run did not look at, fails once and is then published", async () => {
    const key = `${prefix}PaperBank/2026/09/PaperBank_20260930.csv`;
    const version = await world.put(key, OTHER_CONTENT);
    await expect(run()).rejects.toMatchObject({
      name: "ConflictError",
      message: expect.stringContaining(key) as string,
      retry: true,
    });
    expect((await world.head(key)).VersionId).toBe(version);
    expect(await outcomeOf()).toEqual({ status: "published", revision: 1 });
    await expectPublished();
  });

  it("is not written by a dry run, which reports that it would be published", async () => {
    const writes = await writesDuring(async () => {
      const summary = await run({ month, dryRun: true });
      expect(summary).toMatchObject({ dryRun: true, months: [{ month, status: "published", revision: 1 }] });
    });
    expect(writes).toEqual([]);
    await expectNothingPublished();
  });

  it("is cleared of a dead run's uploads by its next run, but not by a dry run or a run of another month or extract", async () => {
    const begin = (key: string) =>
      world.s3.send(new CreateMultipartUploadCommand({ Bucket: world.bucket, Key: key }));
    const left = `${prefix}FirstNational/2026/09/FirstNational_20260930.csv`;
    const ofOtherMonth = `${prefix}FirstNational/2026/08/FirstNational_20260831.csv`;
    const ofBankRenamedSince = `${prefix}OldNational/2026/09/OldNational_20260930.csv`;
    const ofOtherExtract = `${prefix}loan_detail/FirstNational/2026/09/FirstNational_20260930.csv`;
    const all = [left, left, ofBankRenamedSince, ofOtherMonth, ofOtherExtract];
    for (const key of all) await begin(key);
    await run({ month, dryRun: true });
    expect((await world.openUploads(prefix)).sort()).toEqual(all.sort());
    await run();
    expect((await world.openUploads(prefix)).sort()).toEqual([ofOtherMonth, ofOtherExtract].sort());
    await run({ month: "2026-08" });
    await run({ month, extract: "loan_detail" });
    await expectPublished();
  });
});

describe("a published month whose bytes are the same", () => {
  it("is unchanged by a rerun, which writes nothing", async () => {
    await run();
    const before = await world.manifest(month, prefix);
    for (const input of [{ month }, { month, dryRun: true }]) {
      const writes = await writesDuring(async () => {
        expect(await outcomeOf(input)).toEqual({ status: "unchanged", revision: 1 });
      });
      expect(writes).toEqual([]);
    }
    expect(await world.manifest(month, prefix)).toEqual(before);
    await expectPublished();
  });

  it("is unchanged by a restatement, which aborts its uploads and creates no versions", async () => {
    await run();
    const before = await world.manifest(month, prefix);
    const writes = await writesDuring(async () => {
      expect(await outcomeOf({ month, restate: true })).toEqual({ status: "unchanged", revision: 1 });
    });
    expect(writes.filter((operation) => /^(Put|Complete)/.test(operation))).toEqual([]);
    expect(await world.manifest(month, prefix)).toEqual(before);
    await expectPublished();
  });
});

describe("a published month whose bytes would change", () => {
  it("is refused with the old and new figures of every bank that differs, and nothing is written", async () => {
    await run();
    const before = await filesByBank();
    await changeLoans(1, 3);
    const branchesWithLoans = await countBranchesWithAmounts();
    const refusal = [1, 3].map((bankId) => {
      const file = before.get(bankId);
      const { bankName, rowCount, loanCount, loanTotal, windowLoanCount, windowLoanTotal } = file ?? {};
      const added = BigInt(loanCount ?? 0);
      const newTotal = String(BigInt(loanTotal ?? 0) + added);
      const newWindowTotal = String(BigInt(windowLoanTotal ?? 0) + added);
      return (
        `${String(bankName)}: published with ${String(rowCount)} rows, ${String(loanCount)} loans of ${String(loanTotal)} in all (window: ${String(windowLoanCount)} loans of ${String(windowLoanTotal)}), ` +
        `now ${String(rowCount)} rows, ${String(loanCount)} loans of ${newTotal} in all (window: ${String(windowLoanCount)} loans of ${newWindowTotal}) (${count(bankId)})`
      );
    });
    function count(bankId: number): string {
      const number = branchesWithLoans.get(bankId) ?? 0;
      return `${number} ${number === 1 ? "row" : "rows"} changed`;
    }
    expect(before.get(1)?.bankName).toBe("First National");
    expect(Number(before.get(1)?.loanCount)).toBeGreaterThan(0);

    for (const input of [{ month }, { month, dryRun: true }]) {
      const writes = await writesDuring(async () => {
        await expect(run(input)).rejects.toMatchObject({
          name: "AlreadyPublishedError",
          message: `2026-09 is published as revision 1 and would change: ${refusal.join("; ")}`,
          hint: expect.stringContaining('{"month": "2026-09", "restate": true}') as string,
          hintOnTerminal: expect.stringContaining("--month 2026-09 --restate") as string,
          exitCode: 1,
          retry: false,
        });
      });
      expect(writes).toEqual([]);
    }
    expect(await filesByBank()).toEqual(before);
  });

  it("is restated on request as a new revision, and the old one stays readable", async () => {
    await run({ month }, { now: new Date("2026-11-02T03:00:00Z") });
    const first = await readRevision(world, month, prefix);
    await changeLoans(1, 3);
    expect(await outcomeOf({ month, restate: true })).toEqual({ status: "restated", revision: 2 });
    await expectPublished();

    const { history } = await world.manifest(month, prefix);
    expect(history).toMatchObject([{ revision: 1, publishedAt: "2026-11-02T03:00:00.000Z" }]);
    const old = await Promise.all(history.map((entry) => readHistory(world, entry)));
    expect([...(old[0]?.values() ?? [])]).toEqual([...(first?.files.values() ?? [])]);

    await changeLoans(2);
    expect(await outcomeOf({ month, restate: true })).toEqual({ status: "restated", revision: 3 });
    await expectPublished();
    const third = await world.manifest(month, prefix);
    expect(third.history.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(third.history[0]).toEqual(history[0]);
    await Promise.all(third.history.map((entry) => readHistory(world, entry)));
  });

  it("keeps the versions of its unchanged files in a restatement", async () => {
    await run();
    const before = await filesByBank();
    await changeLoans(2);
    const writes = await writesDuring(() => run({ month, restate: true }));
    expect(writes).toEqual(["PutObject", "PutObject"]);
    const after = await filesByBank();
    for (const bankId of [1, 3, 4]) expect(after.get(bankId)).toEqual(before.get(bankId));
    expect(after.get(2)?.versionId).not.toBe(before.get(2)?.versionId);
    await expectPublished();
  });

  it("is not written by a dry run of a restatement", async () => {
    await run();
    const before = await world.manifest(month, prefix);
    await changeLoans(1);
    const writes = await writesDuring(async () => {
      expect(await outcomeOf({ month, restate: true, dryRun: true })).toEqual({
        status: "restated",
        revision: 2,
      });
    });
    expect(writes).toEqual([]);
    expect(await world.manifest(month, prefix)).toEqual(before);
  });
});

describe("a published object", () => {
  it("that was replaced is repaired with the same bytes, and the others keep their versions", async () => {
    await run();
    const before = await filesByBank();
    await world.put(await keyOf(2), OTHER_CONTENT);
    expect(await outcomeOf()).toEqual({ status: "repaired", revision: 2 });
    const after = await filesByBank();
    for (const bankId of [1, 3, 4]) expect(after.get(bankId)).toEqual(before.get(bankId));
    expect(after.get(2)).toEqual({
      ...before.get(2),
      versionId: expect.not.stringMatching(before.get(2)?.versionId ?? "") as string,
    });
    await expectPublished();
    expect(await outcomeOf()).toEqual({ status: "unchanged", revision: 2 });
  });

  it("that was replaced with the same bytes is repaired too, because its version differs", async () => {
    await run();
    const { key, etag } = (await filesByBank()).get(4) ?? { key: "" };
    const target = { Bucket: world.bucket, Key: key };
    await world.s3.send(new PutObjectCommand({ ...target, Body: await world.read(key) }));
    expect((await world.head(key)).ETag).toBe(etag);

    expect(await outcomeOf()).toEqual({ status: "repaired", revision: 2 });
    await expectPublished();
  });

  it("that was deleted is repaired", async () => {
    await run();
    await world.remove(await keyOf(1));
    expect(await outcomeOf()).toEqual({ status: "repaired", revision: 2 });
    await expectPublished();
  });

  it("that was replaced is left alone by a dry run, which reports that it would be repaired", async () => {
    await run();
    const key = await keyOf(3);
    const foreign = await world.put(key, OTHER_CONTENT);
    const writes = await writesDuring(async () => {
      expect(await outcomeOf({ month, dryRun: true })).toEqual({ status: "repaired", revision: 2 });
    });
    expect(writes).toEqual([]);
    expect((await world.head(key)).VersionId).toBe(foreign);
  });

  it("that was replaced does not let a run change other files: it is refused and leaves no upload", async () => {
    await run();
    const before = await readRevision(world, month, prefix);
    await world.put(await keyOf(3), OTHER_CONTENT);
    await changeLoans(1);
    await expect(run()).rejects.toMatchObject({
      name: "AlreadyPublishedError",
      message: expect.stringMatching(/would change: First National: [^;]*$/) as string,
    });
    expect(await readRevision(world, month, prefix)).toEqual(before);
    expect(await world.openUploads(prefix)).toEqual([]);
  });
});

describe("a bank", () => {
  it("that was added after publication needs a restatement, which leaves the other files as they are", async () => {
    await run();
    const before = await filesByBank();
    await world.sql("insert into bank values (9, 'New Bank', 0)");
    try {
      await expect(run()).rejects.toMatchObject({
        name: "AlreadyPublishedError",
        message:
          "2026-09 is published as revision 1 and would change: New Bank: no file before, now 0 rows, 0 loans of 0 in all (window: 0 loans of 0)",
      });
      expect(await outcomeOf({ month, restate: true })).toEqual({ status: "restated", revision: 2 });
      const after = await filesByBank();
      expect([...after.keys()]).toEqual([1, 2, 3, 4, 9]);
      for (const [bankId, file] of before) expect(after.get(bankId)).toEqual(file);
      await expectPublished();
    } finally {
      await world.sql("delete from bank where idbank = 9");
    }
  });

  it("that was removed after publication needs a restatement, which keeps its old file readable", async () => {
    await world.sql("insert into bank values (9, 'Old Bank', 0)");
    await run();
    const { key } = (await filesByBank()).get(9) ?? { key: "" };
    const text = await world.read(key);
    await world.sql("delete from bank where idbank = 9");
    await expect(run()).rejects.toMatchObject({
      name: "AlreadyPublishedError",
      message:
        "2026-09 is published as revision 1 and would change: Old Bank: published with 0 rows, now no file",
    });
    expect(await outcomeOf({ month, restate: true })).toEqual({ status: "restated", revision: 2 });
    await expectPublished();
    const { history } = await world.manifest(month, prefix);
    const old = await Promise.all(history.map((entry) => readHistory(world, entry)));
    expect(old[0]?.get(key)).toBe(text);
    expect(await outcomeOf()).toEqual({ status: "unchanged", revision: 2 });
  });
});

describe("loans without a bank", () => {
  const [NOWHERE, ACCOUNT, CLIENT, BRANCH] = [-1, -2, -3, -4];
  beforeAll(async () => {
    for (const [table, column] of [
      ["loans", "account_idaccount"],
      ["account", "client_idclient"],
      ["client", "branch_idbranch"],
      ["branch", "bank_idbank"],
    ] as const) {
      await world.sql(`alter table ${table} drop constraint ${table}_${column}_fkey`);
    }
  });
  afterEach(async () => {
    for (const table of ["loans", "account", "client", "branch"]) {
      await world.sql(`delete from ${table} where id${table.replace("loans", "loan")} < 0`);
    }
  });

  it.each([
    ["without an account", null, null, null, null],
    ["with an account that is missing", NOWHERE, null, null, null],
    ["whose account has no client", ACCOUNT, null, null, null],
    ["whose account's client is missing", ACCOUNT, NOWHERE, null, null],
    ["whose client has no branch", ACCOUNT, CLIENT, null, null],
    ["whose client's branch is missing", ACCOUNT, CLIENT, NOWHERE, null],
    ["whose branch has no bank", ACCOUNT, CLIENT, BRANCH, null],
    ["whose branch's bank is missing", ACCOUNT, CLIENT, BRANCH, NOWHERE],
  ])("fail the month: %s", async (_, account, client, branch, bank) => {
    await world.sql("insert into loans values (-1, 777, $1, '2026-09-30')", [account]);
    await world.sql("insert into account values ($1, 0, $2)", [ACCOUNT, client]);
    await world.sql("insert into client values ($1, '', '', $2)", [CLIENT, branch]);
    await world.sql("insert into branch values ($1, $2, '')", [BRANCH, bank]);
    const failure = {
      name: "ReconciliationError",
      message:
        "2026-09 does not reconcile: without a bank: 1 loan of 777 in all (window: 1 loan of 777), because an account, client or branch is missing",
      exitCode: 1,
      retry: false,
    };
    await expect(run()).rejects.toMatchObject(failure);
    await expect(run({ month, dryRun: true })).rejects.toMatchObject(failure);
    await expectNothingPublished();
  });

  it("fail a restatement too, and the published revision stays as it was", async () => {
    await run();
    const before = await readRevision(world, month, prefix);
    await changeLoans(1);
    await world.sql("insert into loans values (-1, 5, null, '2026-09-01'), (-2, -8, null, '2026-09-02')");
    await expect(run({ month, restate: true })).rejects.toMatchObject({
      name: "ReconciliationError",
      message: expect.stringContaining("without a bank: 2 loans of -3 in all") as string,
    });
    expect(await readRevision(world, month, prefix)).toEqual(before);
    expect(await world.openUploads(prefix)).toEqual([]);
  });

  it.each(["2026-07-01", "2026-08-31"])(
    "fail each month whose window contains them: a loan of %s",
    async (day) => {
      await world.sql("insert into loans values (-1, 5, null, $1)", [day]);
      await expect(run()).rejects.toMatchObject({
        name: "ReconciliationError",
        message:
          "2026-09 does not reconcile: without a bank: 0 loans of 0 in all (window: 1 loan of 5), because an account, client or branch is missing",
        hint: expect.stringContaining("Correct the data of 2026-07 to 2026-09 in the source") as string,
      });
      await expectNothingPublished();
    },
  );

  it("fail a later month if they lost their account after their own month was published", async () => {
    await run({ from: "2026-07", to: "2026-08" });
    await world.sql(
      `insert into loans select -1, amount, account_idaccount, loan_date from loans where loan_date = '2026-08-15' limit 1`,
    );
    await world.sql("update loans set account_idaccount = null where idloan = -1");
    await expect(run()).rejects.toMatchObject({ name: "ReconciliationError" });
    expect(await readRevision(world, month, prefix)).toBeUndefined();
  });

  it("outside the window do not fail the month", async () => {
    await world.sql("insert into loans values (-1, 5, null, '2026-06-30'), (-2, 5, null, '2026-10-01')");
    expect(await outcomeOf()).toEqual({ status: "published", revision: 1 });
    await expectPublished();
  });
});

describe("loans", () => {
  it("without an amount or a usable date, or with a negative amount, are counted in the manifest", async () => {
    const [account] = await world.sql<{ id: number }>("select min(account_idaccount) as id from loans");
    await world.sql(
      `insert into loans values
         (-1, null, $1, '2026-09-01'), (-2, null, $1, '2026-09-30'), (-3, null, $1, '2026-08-31'),
         (-4, -70, $1, '2026-09-15'), (-5, -1, $1, '2026-10-01'), (-6, 0, $1, '2026-09-15'),
         (-7, 10, $1, null), (-8, null, $1, null), (-9, -10, null, null),
         (-10, 5, $1, 'infinity'), (-11, 5, $1, '-infinity'), (-12, 5, $1, '0206-09-15'),
         (-13, 5, $1, '1899-12-31'), (-14, 5, $1, '10000-01-01'), (-15, 5, $1, '0044-03-15 BC'),
         (-16, 5, $1, '1900-01-01'), (-17, 5, $1, '9999-12-31')`,
      [account?.id],
    );
    try {
      await run();
      await expectPublished();
      expect((await world.manifest(month, prefix)).quality).toEqual({
        loansWithoutAmount: 2,
        loansWithNegativeAmount: 1,
        loansWithoutDate: 9,
      });
    } finally {
      await world.sql("delete from loans where idloan < 0");
    }
  });
});

describe("a range", () => {
  it("that fails in the middle leaves the earlier months published, and its rerun finds them unchanged", async () => {
    const range = { from: "2026-06", to: "2026-08" };
    await world.sql("insert into loans values (-1, 5, null, '2026-07-15')");
    try {
      await expect(run(range)).rejects.toMatchObject({
        name: "ReconciliationError",
        message: expect.stringMatching(/^2026-07 does not reconcile/) as string,
        done: ["2026-06"],
      });
    } finally {
      await world.sql("delete from loans where idloan < 0");
    }
    expect(await world.keys(`${prefix}_manifests/`)).toEqual([`${prefix}_manifests/2026/06.json`]);
    expect((await world.keys(prefix)).filter((key) => /2026\/0[78]/.test(key))).toEqual([]);
    await expectPublished("2026-06");

    const { months } = await run(range);
    expect(months.map((each) => [each.month, each.status, each.revision])).toEqual([
      ["2026-06", "unchanged", 1],
      ["2026-07", "published", 1],
      ["2026-08", "published", 1],
    ]);
    for (const each of ["2026-06", "2026-07", "2026-08"]) await expectPublished(each);
  });
});

describe("a write", () => {
  /** Another writer comes at the last moment: after the run has read the key, before its write is carried out. */
  async function crossedBy(
    foreign: (event: RequestEvent) => Promise<unknown>,
    index: number,
    input: object,
    environment: Readonly<Record<string, string>> = {},
  ) {
    let count = 0;
    const remove = world.aws.onRequest(async (event) => {
      const isWrite = ["CompleteMultipartUpload", "PutObject"].includes(event.operation);
      if (!isWrite || count++ !== index) return undefined;
      remove();
      await foreign(event);
      return undefined;
    });
    const failure = await run(input, { environment }).then(
      () => undefined,
      (error: unknown) => error,
    );
    remove();
    return failure;
  }

  const conflict = { name: "ConflictError", exitCode: 75, retry: true };
  const objects = [
    ["first bank's object", 0, "/FirstNational_20260930.csv"],
    ["second bank's object", 1, "/CréditDÉté_20260930.csv"],
    ["third bank's object", 2, "/SmithJonesSöhne_20260930.csv"],
  ] as const;

  describe.each(bothWays)("of files %s", (_way, environment) => {
    it.each([
      ...objects,
      ["last bank's object", 3, "/PaperBank_20260930.csv"],
      ["manifest", 4, "/09.json"],
    ] as const)(
      "fails for the %s if an object has appeared at its key, and leaves that object alone",
      async (_, index, keyEnd) => {
        let foreign = { key: "", version: "" };
        const failure = await crossedBy(
          async ({ key = "" }) => {
            foreign = { key, version: await world.put(key, OTHER_CONTENT) };
          },
          index,
          { month },
          environment,
        );
        expect(failure).toMatchObject({
          ...conflict,
          message: expect.stringContaining(foreign.key) as string,
        });
        expect(foreign.key.endsWith(keyEnd)).toBe(true);
        expect((await world.head(foreign.key)).VersionId).toBe(foreign.version);
        expect((await world.keys(`${prefix}_manifests/`)).length).toBe(index === 4 ? 1 : 0);
        expect(await world.openUploads(prefix)).toEqual([]);
      },
    );

    it.each([...objects, ["manifest", 3, "/09.json"] as const])(
      "fails for the %s in a restatement if the object has changed since the run read it",
      async (_, index, keyEnd) => {
        await run();
        const before = await world.manifest(month, prefix);
        await changeLoans(1, 2, 3);
        let foreign = { key: "", version: "" };
        const failure = await crossedBy(
          async ({ key = "" }) => {
            const text = key.endsWith(".json") ? JSON.stringify(before) : OTHER_CONTENT;
            foreign = { key, version: await world.put(key, text) };
          },
          index,
          { month, restate: true },
          environment,
        );
        expect(failure).toMatchObject(conflict);
        expect(foreign.key.endsWith(keyEnd)).toBe(true);
        expect((await world.head(foreign.key)).VersionId).toBe(foreign.version);
        expect((await readRevision(world, month, prefix))?.manifest).toEqual(before);
        expect(await world.openUploads(prefix)).toEqual([]);
        expect(await outcomeOf({ month, restate: true })).toEqual({ status: "restated", revision: 2 });
        await expectPublished();
      },
    );
  });

  it("in a restatement does not bring back an object that was deleted in the meantime", async () => {
    await run();
    await changeLoans(1);
    const failure = await crossedBy(({ key = "" }) => world.remove(key), 0, { month, restate: true });
    expect(failure).toMatchObject(conflict);
  });
});

describe("an upload", () => {
  it("that another run aborted fails the run with a retryable ConflictError", async () => {
    const remove = world.aws.onRequest(async ({ operation, key, uploadId }) => {
      if (operation !== "UploadPart") return undefined;
      remove();
      await world.s3.send(
        new AbortMultipartUploadCommand({ Bucket: world.bucket, Key: key, UploadId: uploadId }),
      );
      return undefined;
    });
    await expect(run({ month }, { environment: stagedAsUploads })).rejects.toMatchObject({
      name: "ConflictError",
      message: expect.stringMatching(
        /^another run aborted the upload of s3:\/\/extracts\/.* in the meantime$/,
      ) as string,
      exitCode: 75,
      retry: true,
    });
    await expectNothingPublished();
  });
});

describe("the storage settings", () => {
  it("determine the exact keys and bytes: prefix, hive layout, CRLF", async () => {
    const environment = {
      EXTRACT_PREFIX: `${prefix}loans`,
      EXTRACT_KEY_LAYOUT: "hive",
      EXTRACT_LINE_ENDING: "crlf",
    };
    await run({ month }, { environment });
    expect(await world.keys(prefix)).toEqual(
      [
        "_manifests/2026/09.json",
        "bank=CréditDÉté/year=2026/month=09/CréditDÉté_20260930.csv",
        "bank=FirstNational/year=2026/month=09/FirstNational_20260930.csv",
        "bank=PaperBank/year=2026/month=09/PaperBank_20260930.csv",
        "bank=SmithJonesSöhne/year=2026/month=09/SmithJonesSöhne_20260930.csv",
      ].map((key) => `${prefix}loans/${key}`),
    );
    const tables = await readTables(world);
    const revision = await readRevision(world, month, `${prefix}loans/`);
    expect(revision?.files).toEqual(expectedFiles(tables, month, "\r\n"));
    const { months } = await run({ month }, { environment });
    expect(months[0]?.status).toBe("unchanged");
  });

  it("apply the KMS key to every object and to the manifest", async () => {
    const kmsKeyId = "arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d";
    await run({ month }, { environment: { EXTRACT_KMS_KEY_ID: kmsKeyId } });
    const keys = await world.keys(prefix);
    expect(keys).toHaveLength(5);
    for (const key of keys) {
      expect(await world.head(key)).toMatchObject({
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: kmsKeyId,
        BucketKeyEnabled: true,
        ContentType: key.endsWith(".json") ? "application/json" : "text/csv; charset=utf-8",
      });
    }
  });

  it("without a KMS key use the encryption of the bucket", async () => {
    await run();
    for (const key of await world.keys(prefix)) expect((await world.head(key)).SSEKMSKeyId).toBeUndefined();
  });

  it("may name a bucket without versioning, where only the ETag identifies a file", async () => {
    world.aws.createBucket("no-versions");
    const environment = { EXTRACT_BUCKET: "no-versions" };
    const statuses: unknown[] = [];
    for (const input of [{ month }, { month }]) statuses.push(await outcomeOf(input, { environment }));
    const key = `${prefix}FirstNational/2026/09/FirstNational_20260930.csv`;
    await world.s3.send(new PutObjectCommand({ Bucket: "no-versions", Key: key, Body: "?" }));
    statuses.push(await outcomeOf({ month }, { environment }));
    await changeLoans(1);
    statuses.push(await outcomeOf({ month, restate: true }, { environment }));
    expect(statuses).toEqual([
      { status: "published", revision: 1 },
      { status: "unchanged", revision: 1 },
      { status: "repaired", revision: 2 },
      { status: "restated", revision: 3 },
    ]);
  });
});
