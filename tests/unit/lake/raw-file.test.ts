/** The way of a tenant's own file into its months, by what the key holds now. */
import { transactions } from "../../../src/lake/datasets/transactions";
import {
  compactAll,
  expectAllDone,
  monthsOf,
  refineAll,
  refineOne,
  refineQueued,
} from "../../../src/lake/refine/run";
import { compactMonth } from "../../../src/lake/refine/compaction";
import { updateList } from "../../../src/lake/refine/month-list";
import { refineFile, type RawTask } from "../../../src/lake/refine/raw-file";
import { reportKey } from "../../../src/lake/refine/raw-key";
import { readEntries } from "../../../src/lake/refine/records";
import { verifyRawMonth } from "../../../src/lake/refine/verification";
import { ConflictError, StorageError } from "../../../src/platform/errors";
import type { Month } from "../../../src/platform/month";
import { failureOf, first, LakeInMemory, second, sha256, third } from "../../support/lake-in-memory";

const KEY = "raw/transactions/a.csv";
const URI = `s3://lake-first/${KEY}`;
const month = "2026-09" as Month;
const list = "tables/transactions/year=2026/month=09/symlink.txt";

let world: LakeInMemory;
beforeEach(() => (world = new LakeInMemory()));

const fileOf = (amounts: readonly string[], of = "2026-09") =>
  [
    "id,booked_on,amount,currency,description",
    ...amounts.map((amount, index) => `${index},${of}-01,${amount},EUR,`),
    "",
  ].join("\n");
const write = (content: string, key = KEY) => world.of(first).write(key, content).versionId;
const refine = (task?: RawTask, key = KEY) => refineFile(world.refining, first, key, task);
const parquetOf = (content: string, of = "09") =>
  `analytics-ready/transactions/year=2026/month=${of}/${sha256(content)}.parquet`;
const processedOf = (content: string, of = "09") =>
  `processed/transactions/year=2026/month=${of}/${sha256(content)}.ndjson`;
const recordOf = (key = KEY) => world.records.of(`file/s3://lake-first/${key}`, "raw");
const about = { tenant: "first", file: URI, dataset: "transactions" };
const taken = ["checked", "processed", "completed", "proven", "recorded"];
const steps = () => world.steps.splice(0);

describe("a file that is right", () => {
  const content = fileOf(["1.50", "-2.00"]);

  it("is in its month: its rows as JSON and as Parquet, and a list that names the latter", async () => {
    const versionId = write(content);
    expect(await refine()).toEqual({ ...about, status: "accepted", month, rowCount: 2 });
    const bucket = world.of(first);
    expect(bucket.keys).toEqual([parquetOf(content), processedOf(content), KEY, list]);
    expect(bucket.text(list)).toBe(`s3://lake-first/${parquetOf(content)}\n`);
    expect(bucket.mediaType(list)).toBe("text/plain");
    expect(bucket.mediaType(processedOf(content))).toBe("application/x-ndjson");
    expect(recordOf()).toEqual({
      ...{ schemaVersion: 1, revision: 1, outcome: "accepted", versionId, report: null },
      ...{ content: { month, sha256: sha256(content) }, earlier: [], isSettled: true },
      ...{ runId: "run-1", recordedAt: "2026-10-05T10:00:00.000Z" },
    });
    expect(world.summaries).toEqual([{ ...about, status: "accepted", month, rowCount: 2 }]);
    expect(steps()).toEqual([...taken, "noted", "entered", "listed", "announced", "settled"]);
  });

  it("has a record of each object, with what it was made of", async () => {
    const versionId = write(content);
    await refine();
    const { lineage } = world.lake;
    const [processed] = await lineage.find("lake-first", processedOf(content));
    const [parquet] = await lineage.find("lake-first", parquetOf(content));
    const common = {
      ...{ tenant: "first", dataset: "transactions", month, rowCount: 2, runId: "run-1" },
      totals: { amountTotal: "-50", amountAbsTotal: "350", debitCount: "1" },
      recordedAt: "2026-10-05T10:00:00.000Z",
    };
    expect(processed).toMatchObject({
      ...common,
      parents: [{ bucket: "lake-first", key: KEY, versionId, sha256: sha256(content) }],
    });
    expect(parquet).toMatchObject({
      ...common,
      parents: [
        {
          ...{ bucket: "lake-first", key: processedOf(content), versionId: "lake-first-1" },
          sha256: processed?.object.sha256,
        },
      ],
    });
  });

  it("is taken once; again if that is asked for", async () => {
    write(content);
    await refine();
    const changes = world.of(first).changes.length;
    steps();
    expect(await refine()).toEqual({ ...about, status: "unchanged", month });
    expect(world.of(first).changes).toHaveLength(changes);
    expect(steps()).toEqual([]);
    expect(await refine("again")).toMatchObject({ status: "accepted", rowCount: 2 });
    expect(steps().slice(0, taken.length)).toEqual(taken);
    expect(recordOf()).toMatchObject({ revision: 2, earlier: [], isSettled: true });
  });

  it("stays in the lake when it goes from raw/", async () => {
    write(content);
    await refine();
    world.of(first).erase(KEY);
    expect(await refine()).toMatchObject({ status: "unchanged", month });
    expect(await failureOf(refine("again"))).toMatchObject({ name: "RequestError" });
    expect(world.of(first).keys).toContain(parquetOf(content));
  });

  it("can be withdrawn, also when it is gone, and comes back when it is asked for", async () => {
    write(content);
    await refine();
    steps();
    expect(await refine("withdraw")).toEqual({ ...about, status: "withdrawn" });
    expect(world.of(first).keys).toEqual([KEY]);
    expect(recordOf()).toMatchObject({ outcome: "withdrawn", content: null, report: null });
    expect(steps()).toEqual(["noted", "entered", "listed", "cleaned", "announced", "settled"]);
    expect(await refine()).toEqual({ ...about, status: "unchanged" });
    expect(await refine("again")).toMatchObject({ status: "accepted" });
    world.of(first).erase(KEY);
    expect(await refine("withdraw")).toMatchObject({ status: "withdrawn" });
    expect(world.of(first).keys).toEqual([]);
  });
});

describe("a file that replaces another", () => {
  const [old, corrected] = [fileOf(["1.00"]), fileOf(["2.00"])];

  it("is there instead, and nothing is left of the other", async () => {
    write(old);
    await refine();
    steps();
    write(corrected);
    expect(await refine()).toMatchObject({ status: "accepted" });
    expect(world.of(first).keys).toEqual([parquetOf(corrected), processedOf(corrected), KEY, list]);
    expect(steps()).toEqual([...taken, "noted", "entered", "listed", "cleaned", "announced", "settled"]);
  });

  it("in another month leaves the first one before it is in the second", async () => {
    write(old);
    await refine();
    const later = fileOf(["3.00"], "2026-10");
    write(later);
    world.of(first).changes.length = 0;
    expect(await refine()).toMatchObject({ month: "2026-10" });
    const other = "tables/transactions/year=2026/month=10/symlink.txt";
    const lists = world.of(first).changes.filter((change) => change.endsWith(".txt"));
    expect(lists).toEqual([`remove ${list}`, `put ${other}`]);
    expect(world.of(first).keys).toEqual([parquetOf(later, "10"), processedOf(later, "10"), KEY, other]);
  });

  it("leaves what another file has brought as well", async () => {
    write(old);
    write(old, "raw/transactions/same.csv");
    await refine();
    await refine("refine", "raw/transactions/same.csv");
    write(corrected);
    await refine();
    expect(world.of(first).text(list)?.trim().split("\n").sort()).toEqual(
      [parquetOf(old), parquetOf(corrected)].map((key) => `s3://lake-first/${key}`).sort(),
    );
    expect(world.of(first).keys).toContain(processedOf(old));
  });

  it("and is wrong changes nothing of what is there", async () => {
    write(old);
    await refine();
    const versionId = write("wrong");
    const report = reportKey(KEY, versionId);
    expect(await refine()).toEqual({
      ...{ ...about, status: "rejected", month, problemCount: 1 },
      report: `s3://lake-first/${report}`,
    });
    expect(world.of(first).keys).toEqual([parquetOf(old), processedOf(old), KEY, report, list]);
    expect(recordOf()).toMatchObject({ outcome: "rejected", report, content: { sha256: sha256(old) } });
  });
});

describe("a file that is not right", () => {
  const problemsOf = async (key: string, tenant = first) => {
    const bucket = world.of(tenant);
    const { versionId } = bucket.write(key, fileOf(["1.00"]));
    const summary = await refineFile(world.refining, tenant, key);
    expect(summary).toMatchObject({ status: "rejected", problemCount: 1 });
    const at = reportKey(key, versionId);
    expect(bucket.keys).toEqual(expect.arrayContaining([at]));
    return (JSON.parse(bucket.text(at) ?? "") as { problems: unknown }).problems;
  };

  it("has a report that the tenant can read, and nothing else", async () => {
    const versionId = write("wrong");
    const report = reportKey(KEY, versionId);
    expect(await refine()).toEqual({
      ...{ ...about, status: "rejected", report: `s3://lake-first/${report}`, problemCount: 1 },
    });
    expect(world.of(first).keys).toEqual([KEY, report]);
    expect(world.of(first).mediaType(report)).toBe("application/json");
    const text = world.of(first).text(report) ?? "";
    expect(text).toMatch(/^\{\n {2}"schemaVersion": 1,\n/);
    expect(text).toMatch(/\}\n$/);
    expect(JSON.parse(text)).toEqual({
      ...{ schemaVersion: 1, outcome: "rejected", tenant: "first", dataset: "transactions" },
      raw: { bucket: "lake-first", key: KEY, versionId },
      problems: [
        {
          line: 1,
          reason: "the header is not that of transactions: id,booked_on,amount,currency,description",
          record: "wrong",
        },
      ],
      ...{ problemCount: 1, reportedAt: "2026-10-05T10:00:00.000Z", runId: "run-1" },
    });
    expect(steps()).toEqual(["checked", "reported", "noted", "announced", "settled"]);
  });

  it("by its key is not read", async () => {
    const both = { ...first, datasets: ["transactions", "loans"] };
    world.of(first).before = (operation, key) => {
      if (operation === "open") throw new Error(`${key} was read`);
    };
    expect(await problemsOf("raw/payments/a.csv", both)).toEqual([
      { reason: "payments is not a dataset of the tenant; its datasets of own files are: transactions" },
    ]);
    expect(await problemsOf("raw/loans/a.csv", both)).toEqual([
      { reason: "loans is not a dataset of the tenant; its datasets of own files are: transactions" },
    ]);
    expect(await problemsOf(KEY, third)).toEqual([
      { reason: "transactions is not a dataset of the tenant; its datasets of own files are: none" },
    ]);
    expect(await problemsOf("raw/a.csv")).toEqual([
      { reason: "the key has no folder of a dataset; its datasets of own files are: transactions" },
    ]);
    expect(await problemsOf("raw/transactions/a.xlsx")).toEqual([
      { reason: "the name does not end in .csv or .csv.gz" },
    ]);
  });

  it("because its version goes before it is read is said to be gone", async () => {
    write(fileOf(["1.00"]));
    world.of(first).before = (operation) => {
      if (operation === "open") world.of(first).erase(KEY);
    };
    await refine();
    const [report = ""] = world.of(first).keys;
    expect(JSON.parse(world.of(first).text(report) ?? "")).toMatchObject({
      problems: [{ reason: "the version is gone" }],
    });
  });
});

describe("a file that there is not", () => {
  const unknown = {
    name: "RequestError",
    message: `there is no ${URI}, or the lake has never taken it`,
    hint: "Name the file as s3://<bucket>/raw/<dataset>/<file>.csv.",
  };

  it("is said to be gone, if an event was late", async () => {
    expect(await refine()).toEqual({ ...about, status: "gone" });
    expect(recordOf()).toBeUndefined();
  });

  it.each<RawTask>(["again", "withdraw"])("can't be asked for: %s", async (task) => {
    expect(await failureOf(refine(task))).toMatchObject(unknown);
  });

  it("can't be withdrawn if it is there and the lake has not taken it", async () => {
    write(fileOf(["1.00"]));
    expect(await failureOf(refine("withdraw"))).toMatchObject(unknown);
  });
});

it("a file in a bucket without versioning is refused", async () => {
  write(fileOf(["1.00"]));
  const { versions } = world.of(first);
  jest.spyOn(versions, "find").mockResolvedValue({
    ...{ bucket: "lake-first", key: KEY, versionId: null, byteCount: 1, writtenAt: new Date(0) },
  });
  expect(await failureOf(refine())).toMatchObject({
    name: "RequestError",
    message: `${URI} has no version`,
    hint: "Turn on versioning for the tenant's bucket, and write the file again.",
  });
});

describe("a run that dies", () => {
  const content = fileOf(["1.00"]);
  const dieAt = (step: string) => {
    world.observeFile = (at) => {
      if (at === step) throw new Error("died");
    };
  };
  const next = async () => {
    world.observeFile = () => undefined;
    steps();
    return refine();
  };

  it("after it has noted what the lake is to have: the next one does not read the file again", async () => {
    write(content);
    dieAt("noted");
    await failureOf(refine());
    expect(recordOf()).toMatchObject({ revision: 1, isSettled: false });
    expect(await next()).toEqual({ ...about, status: "accepted", month });
    expect(steps()).toEqual(["noted", "entered", "listed", "announced", "settled"]);
    expect(recordOf()).toMatchObject({ revision: 2, isSettled: true });
  });

  it("and whose files have gone since: the next one makes them again", async () => {
    write(content);
    dieAt("noted");
    await failureOf(refine());
    world.of(first).erase(parquetOf(content));
    expect(await next()).toMatchObject({ status: "accepted", rowCount: 1 });
    expect(world.of(first).keys).toContain(parquetOf(content));
  });

  it("with a rejected file: the next one names its report, without another", async () => {
    const report = reportKey(KEY, write("wrong"));
    dieAt("noted");
    await failureOf(refine());
    expect(await next()).toEqual({ ...about, status: "rejected", report: `s3://lake-first/${report}` });
    expect(steps()).toEqual(["noted", "announced", "settled"]);
  });

  it("between two contents: the next one clears up after both", async () => {
    write(content);
    await refine();
    write(fileOf(["2.00"]));
    dieAt("noted");
    await failureOf(refine());
    expect(recordOf()).toMatchObject({ earlier: [{ month, sha256: sha256(content) }] });
    const last = fileOf(["3.00"]);
    write(last);
    await next();
    expect(world.of(first).keys).toEqual([parquetOf(last), processedOf(last), KEY, list]);
    expect(recordOf()).toMatchObject({ earlier: [] });
  });
});

describe("a run beside another", () => {
  const content = fileOf(["1.00"]);

  it("is refused if the other has noted the file since", async () => {
    write(content);
    world.observeFile = async (step) => {
      if (step !== "checked") return;
      world.observeFile = () => undefined;
      await refine();
    };
    expect(await failureOf(refine())).toMatchObject({
      name: "ConflictError",
      message: `another run is refining ${URI}`,
      hint: "Wait until the other run has ended; the next one continues from what it has recorded.",
    });
  });

  it("is refused if the other has removed what it has made", async () => {
    write(content);
    world.observeFile = (step) => {
      if (step === "listed") world.of(first).erase(parquetOf(content));
    };
    expect(await failureOf(refine())).toMatchObject({
      name: "ConflictError",
      message: `another run has removed what was made of ${URI}`,
      hint: "Wait until the other run has ended; the next one makes the files again.",
    });
  });

  const update = () => updateList(world.refining, { tenant: first, dataset: "transactions", month });

  it("that was faster with a list looks again", async () => {
    write(content);
    await refine();
    const text = world.of(first).text(list) ?? "";
    world.of(first).write(list, "wrong");
    let count = 0;
    world.of(first).before = (operation) => {
      if (operation === "put" && (count += 1) === 1) world.of(first).write(list, "another");
    };
    expect(await update()).toBe(true);
    expect([world.of(first).text(list), count]).toEqual([text, 2]);
    expect(await update()).toBe(false);
  });

  it("that changes the list all the time is said to", async () => {
    write(content);
    await refine();
    let count = 0;
    world.of(first).write(list, "0");
    world.of(first).before = (operation) => {
      if (operation === "put") world.of(first).write(list, String((count += 1)));
    };
    expect(await failureOf(update())).toMatchObject({
      name: "ConflictError",
      message: `other runs change s3://lake-first/${list} all the time`,
      hint: "Wait until the other runs have ended.",
    });
    expect(count).toBe(10);
  });

  it("a list that can't be written for another reason is not tried again", async () => {
    write(content);
    await refine();
    world.of(first).write(list, "0");
    const broken = new StorageError("no", { retry: false, hint: "" });
    let count = 0;
    world.of(first).before = (operation) => {
      if (operation !== "put") return;
      count += 1;
      throw broken;
    };
    expect(await failureOf(update())).toBe(broken);
    expect(count).toBe(1);
  });
});

describe("a file that changes while it is read", () => {
  const content = fileOf(["1.00"]);
  const swap = (key: string, by: string | undefined, at: number) => {
    let count = 0;
    const bucket = world.of(first);
    const open = bucket.objects.open.bind(bucket.objects);
    jest.spyOn(bucket.objects, "open").mockImplementation(async (opened, versionId) => {
      if (opened !== key || (count += 1) !== at) return open(opened, versionId);
      if (by === undefined) return undefined;
      bucket.write("elsewhere", by);
      return open("elsewhere", null);
    });
  };
  const hint = "Find out who else writes to this bucket, then refine the file again. No query sees it.";

  it.each([
    ["other rows", fileOf(["2.00"])],
    ["other bytes of the same rows", content.replace("1.00", "01.00")],
    ["wrong rows", `${content}x\n`],
  ])("to %s is refused", async (_, other) => {
    write(content);
    swap(KEY, other, 2);
    expect(await failureOf(refine())).toMatchObject({
      ...{ name: "ReconciliationError", message: `${URI} has changed while it was read`, hint },
    });
    expect(world.of(first).keys.filter((key) => key.startsWith("tables/"))).toEqual([]);
  });

  it("or goes is worth another attempt", async () => {
    const versionId = write(content);
    swap(KEY, undefined, 2);
    expect(await failureOf(refine())).toMatchObject({
      name: "StorageError",
      message: `${URI} has lost its version ${versionId}`,
      hint: "Find out who removes versions from raw/.",
      retry: true,
    });
  });

  it.each([undefined, '{"id":"9"}\n'])("so is one whose checked rows are %j", async (other) => {
    write(content);
    swap(processedOf(content), other, 1);
    expect(await failureOf(refine())).toMatchObject({
      name: expect.stringMatching(/^(ReconciliationError|DataError)$/) as string,
    });
    expect(world.of(first).keys.filter((key) => key.startsWith("tables/"))).toEqual([]);
  });
});

describe("a message in the queue", () => {
  const event = (key: string, bucket = "lake-first") =>
    JSON.stringify({
      "detail-type": "Object Created",
      detail: { bucket: { name: bucket }, object: { key } },
    });

  it("takes the file of an event", async () => {
    write(fileOf(["1.00"]));
    const file = jest.fn();
    await refineQueued(world.refining, event(KEY), { file });
    expect(file.mock.calls).toMatchObject([[{ file: URI, status: "accepted" }]]);
  });

  it("about a folder is passed over", async () => {
    write("", "raw/transactions/");
    const file = jest.fn();
    await refineQueued(world.refining, event("raw/transactions/"), { file });
    expect(file).not.toHaveBeenCalled();
    expect((await refineAll(world.refining)).done).toEqual([]);
  });

  it.each(["no JSON", '{"all":false}', '{"all":true,"more":1}', "null"])(
    "that is %s is refused",
    async (body) => {
      expect(await failureOf(refineQueued(world.refining, body, {}))).toMatchObject({
        name: "RequestError",
        message: 'this message is neither an event of S3 about a new object nor {"all": true}',
        hint: "Find out what else writes to the queue, and remove the message from the dead-letter queue.",
      });
    },
  );

  it("about a bucket that no tenant has is refused", async () => {
    expect(await failureOf(refineQueued(world.refining, event(KEY, "stranger"), {}))).toMatchObject({
      name: "ConfigError",
      message: "no tenant of tenants.json has the bucket stranger",
      hint: "Add the tenant to tenants.json and deploy, then redrive the dead-letter queue. Nothing was written.",
    });
  });

  it("for all files takes them, and fails after the others if one fails", async () => {
    write(fileOf(["1.00"]));
    write(fileOf(["2.00"]), "raw/transactions/b.csv");
    const broken = new ConflictError("no", { hint: "" });
    world.of(first).before = (operation, key) => {
      if (operation === "find" && key === KEY) throw broken;
    };
    const [file, failed] = [jest.fn(), jest.fn()];
    expect(await failureOf(refineQueued(world.refining, '{ "all": true }', { file, failed }))).toBe(broken);
    const other = "s3://lake-first/raw/transactions/b.csv";
    expect(broken.done).toEqual([other]);
    expect(file.mock.calls).toMatchObject([[{ file: other }]]);
    expect(failed.mock.calls).toEqual([[URI, broken]]);
  });
});

it.each(["raw/transactions/a.csv", "s3://lake-first/analytics-ready/a.csv", "s3://lake-first/"])(
  "%s is not the URI of a raw file",
  async (uri) => {
    expect(await failureOf(refineOne(world.refining, uri, "refine"))).toMatchObject({
      name: "RequestError",
      message: `${uri} is not the URI of a raw file`,
      hint: "Name the file as s3://<bucket>/raw/<dataset>/<file>.csv.",
    });
  },
);

describe("all files of all tenants", () => {
  it("are taken, and a list that is wrong is made again, whatever fails of another tenant", async () => {
    write(fileOf(["1.00"]));
    await refine();
    world.of(first).erase(list);
    const broken = new StorageError("no", { retry: true, hint: "" });
    world.of(second).before = () => {
      throw broken;
    };
    const failed = jest.fn();
    const ended = await refineAll(world.refining, { failed });
    expect(ended).toMatchObject({ done: [{ file: URI, status: "unchanged" }], failures: [broken] });
    expect(failed.mock.calls).toEqual([["second", broken]]);
    expect(world.of(first).keys).toContain(list);
    expect(() => {
      expectAllDone(ended, ["a"]);
    }).toThrow(broken);
    expect(broken.done).toEqual(["a"]);
    expect(() => {
      expectAllDone({ done: [], failures: [] }, []);
    }).not.toThrow();
  });

  it("have failures that name the month of a list", async () => {
    write(fileOf(["1.00"]));
    await refine();
    world.of(first).write(list, "wrong");
    world.of(first).before = (operation, key) => {
      if (operation === "put" && key === list) throw new StorageError("no", { retry: true, hint: "" });
    };
    const failed = jest.fn();
    expect((await refineAll(world.refining, { failed })).failures).toHaveLength(1);
    expect(failed.mock.calls).toEqual([["first transactions 2026-09", expect.any(StorageError)]]);
  });

  it("have the months of their files and lists, in order", async () => {
    for (const key of [
      "tables/transactions/year=2026/month=10/symlink.txt",
      "analytics-ready/transactions/year=2026/month=02/a.parquet",
      "analytics-ready/transactions/year=2025/month=12/a.parquet",
      "analytics-ready/transactions/year=2025/month=12/b.parquet",
      "analytics-ready/transactions/year=2025/month=13/a.parquet",
      "analytics-ready/transactions/other",
      "analytics-ready/loans/year=2024/month=01/a.parquet",
      "processed/transactions/year=2023/month=01/a.ndjson",
    ])
      write("", key);
    expect(await monthsOf(world.refining, first, "transactions")).toEqual(["2025-12", "2026-02", "2026-10"]);
  });
});

describe("a closed month's files", () => {
  const contents = [fileOf(["1.00"]), fileOf(["2.00", "-3.00"])] as const;
  const compact = () => compactMonth(world.refining, transactions, first, month);
  const takeBoth = async () => {
    for (const [index, content] of contents.entries()) {
      write(content, `raw/transactions/${index}.csv`);
      await refine("refine", `raw/transactions/${index}.csv`);
    }
  };
  const unchanged = { tenant: "first", dataset: "transactions", month, status: "unchanged" };

  it("become one, with the sums of all, which the list names instead", async () => {
    await takeBoth();
    expect(await compact()).toEqual({ ...unchanged, status: "compacted", fileCount: 2 });
    const { compacted, keys } = await readEntries(world.records.table, {
      ...{ tenant: first, dataset: "transactions", month },
    });
    const [joined = ""] = compacted.values();
    expect(world.of(first).text(list)).toBe(`s3://lake-first/${joined}\n`);
    const [item] = await world.lake.lineage.find("lake-first", joined);
    expect(item).toMatchObject({
      rowCount: 3,
      totals: { amountTotal: "0", amountAbsTotal: "600", debitCount: "1" },
    });
    expect(item?.parents.map(({ key }) => key)).toEqual(keys);
    expect(item?.parents.map(({ bucket, versionId }) => [bucket, versionId])).toEqual([
      ["lake-first", "lake-first-1"],
      ["lake-first", "lake-first-1"],
    ]);
    expect(await compact()).toEqual({ ...unchanged, fileCount: 2 });
    expect(await verifyRawMonth(world.refining, transactions, month)).toMatchObject({ status: "verified" });
  });

  it("stay as they are if there is one", async () => {
    write(contents[0]);
    await refine();
    expect(await compact()).toEqual({ ...unchanged, fileCount: 1 });
    expect(world.of(first).text(list)).toContain(parquetOf(contents[0]));
  });

  it("of which one is gone are not joined", async () => {
    await takeBoth();
    world.of(first).erase(parquetOf(contents[0]));
    expect(await failureOf(compact())).toMatchObject({
      name: "ConflictError",
      message: `another run has removed s3://lake-first/${parquetOf(contents[0])} in the meantime`,
      hint: "Wait until the other run has ended.",
    });
  });

  it("of which one has other bytes are not joined", async () => {
    await takeBoth();
    world.of(first).write(parquetOf(contents[0]), "by hand");
    expect(await failureOf(compact())).toMatchObject({
      name: "ReconciliationError",
      message: `s3://lake-first/${parquetOf(contents[0])} has the SHA-256 ${sha256("by hand")}, which the lineage does not know`,
      hint: "Take its source again: npx bank-batch refine FILE --again, or lake --remake for a delivery.",
    });
  });

  it("are joined of every tenant and month that has ended; of another month that is refused", async () => {
    await takeBoth();
    write(fileOf(["9.00"], "2026-10"), "raw/transactions/now.csv");
    await refine("refine", "raw/transactions/now.csv");
    const compacted = jest.fn();
    const all = await compactAll(world.refining, undefined, { compacted });
    expect(all).toEqual({ done: [{ ...unchanged, status: "compacted", fileCount: 2 }], failures: [] });
    expect(compacted.mock.calls).toEqual([[all.done[0]]]);
    expect((await compactAll(world.refining, "2026-08" as Month)).done).toEqual([]);
    expect((await compactAll(world.refining, month)).done).toHaveLength(1);
    for (const refused of [
      compactAll(world.refining, "2026-10" as Month),
      compactMonth(world.refining, transactions, first, "2026-10" as Month),
    ])
      expect(await failureOf(refused)).toMatchObject({
        name: "RequestError",
        message: "2026-10 has not ended (UTC)",
        hint: "Compact a month when no more files of it are expected.",
      });
  });

  it("that fail are named, and stop nothing else", async () => {
    await takeBoth();
    world.of(first).erase(parquetOf(contents[0]));
    const failed = jest.fn();
    const all = await compactAll(world.refining, month, { failed });
    expect(all).toMatchObject({ done: [], failures: [{ name: "ConflictError" }] });
    expect(failed.mock.calls).toEqual([["first transactions 2026-09", expect.any(ConflictError)]]);
  });
});

describe("a month of own files is verified", () => {
  const content = fileOf(["1.00"]);
  const verify = () => verifyRawMonth(world.refining, transactions, month);
  const found = { dataset: "transactions", month };
  const parquet = `s3://lake-first/${parquetOf(content)}`;

  it("as there if everything is, and as unpublished if nothing is", async () => {
    expect(await verify()).toEqual({ ...found, status: "unpublished", problems: [] });
    write(content);
    await refine();
    expect(await verify()).toEqual({ ...found, status: "verified", problems: [] });
  });

  it.each<[string, () => void, readonly unknown[]]>([
    ["its list", () => write("wrong", list), [`s3://lake-first/${list} does not name the month's files`]],
    [
      "its list, which is gone",
      () => {
        world.of(first).erase(list);
      },
      [`s3://lake-first/${list} does not name the month's files`],
    ],
    [
      "its file, which is gone",
      () => {
        world.of(first).erase(parquetOf(content));
      },
      [`${parquet} is gone`],
    ],
    [
      "its file, which has other bytes",
      () => write("by hand", parquetOf(content)),
      [`${parquet} has the SHA-256 ${sha256("by hand")}, which the lineage does not know`],
    ],
    [
      "its source, which is gone",
      () => {
        world.of(first).erase(KEY);
      },
      [`${URI}: gone`],
    ],
  ])("as damaged, which names %s", async (_, damage, problems) => {
    write(content);
    await refine();
    damage();
    expect(await verify()).toEqual({ ...found, status: "damaged", problems });
  });

  it("as damaged while a file is not settled", async () => {
    write(content);
    world.observeFile = (step) => {
      if (step === "announced") throw new Error("died");
    };
    await failureOf(refine());
    expect(await verify()).toEqual({
      ...{ ...found, status: "damaged", problems: [`${KEY} of first is not settled`] },
    });
  });

  it("of each tenant that has the dataset", async () => {
    write("not a list", list);
    world.of(second).write(list, "not a list");
    world.of(third).write(list, "not a list");
    expect((await verify()).problems).toEqual([
      ...["first", "second"].map((id) => `s3://lake-${id}/${list} does not name the month's files`),
    ]);
  });
});
