/** A tenant's own files: from `raw/` to a table, or to a report, by events that come as they like. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";

import { bucketOf } from "../../support/lake-world";
import { HEADER, RefineWorld, transactionsOf } from "../../support/refine-world";

let world: RefineWorld;
let topic: string;
let people: string;
beforeAll(async () => {
  world = await RefineWorld.create();
  topic = world.lake.world.aws.createTopic("lake");
  people = world.lake.world.aws.createTopic("notify");
  Object.assign(process.env, world.lake.environment, { LAKE_TOPIC_ARN: topic, NOTIFY_TOPIC_ARN: people });
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, "write").mockImplementation((text) => log.push(String(text)) > 0);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await world.close();
});

const log: string[] = [];

const sent = (arn: string) =>
  world.lake.world.aws.messages.filter(({ topicArn }) => topicArn === arn).map(({ message }) => message);

/** Writes a file, which is then rejected; returns its problems. */
async function problemsOf(key: string, content: string | Buffer, tenant = world.tenant): Promise<unknown> {
  const before = sent(people).length;
  await world.write(key, content, tenant);
  await world.deliver();
  expect(world.queue.deadLetters).toEqual([]);
  expect(sent(people)).toHaveLength(before + 1);
  const [report] = await world.reports(key, tenant);
  expect(report).toMatchObject({ schemaVersion: 1, outcome: "rejected", tenant: tenant.id, raw: { key } });
  return report?.["problems"];
}

it("a file becomes rows with calculated values, exact types and a way back to its bytes", async () => {
  const text = [
    HEADER,
    "9223372036854775807,2026-01-31,-9999999999999999.99,EUR,",
    '002,2026-01-01,007.5,EUR,"a ""quoted"" text,\nin two lines 🏦"',
    '3,2026-01-02,-0,CHF,""',
    "",
  ].join("\n");
  await world.write("raw/transactions/2026-01.csv", text);
  await world.deliver();
  expect(world.queue.deadLetters).toEqual([]);
  const sql =
    "select id::varchar, booked_on::varchar, amount::varchar, currency, description, amount_abs::varchar, is_debit from month order by amount";
  expect(await world.rows("2026-01", sql)).toEqual([
    ["9223372036854775807", "2026-01-31", "-9999999999999999.99", "EUR", null, "9999999999999999.99", 1],
    ["3", "2026-01-02", "0.00", "CHF", "", "0.00", 0],
    ["2", "2026-01-01", "7.50", "EUR", 'a "quoted" text,\nin two lines 🏦', "7.50", 0],
  ]);
  const types = await world.rows(
    "2026-01",
    "select distinct typeof(id), typeof(booked_on), typeof(amount) from month",
  );
  expect(types).toEqual([["BIGINT", "DATE", "DECIMAL(18,2)"]]);
  expect(await world.verify("2026-01")).toMatchObject([{ status: "verified", problems: [] }]);
  const uri = `s3://${bucketOf(world.tenant)}/`;
  const sha256 = createHash("sha256").update(text).digest("hex");
  expect((await world.lineage("2026-01")).filter((line) => /s3:|as recorded/.test(line))).toEqual([
    `${uri}analytics-ready/transactions/year=2026/month=01/${sha256}.parquet`,
    expect.stringContaining("as recorded"),
    expect.stringContaining(`└── ${uri}processed/transactions/year=2026/month=01/${sha256}.ndjson  version `),
    expect.stringContaining("as recorded"),
    expect.stringContaining(`    └── ${uri}raw/transactions/2026-01.csv  version `),
    expect.stringContaining(`SHA-256 ${sha256}  as recorded`),
  ]);
  const [processed = ""] = await world.lake.keys(world.tenant, "processed/transactions/year=2026/month=01/");
  const lines = (await world.lake.bytes(bucketOf(world.tenant), processed))?.toString().split("\n") ?? [];
  expect(JSON.parse(lines[2] ?? "")).toEqual({
    ...{ id: "3", booked_on: "2026-01-02", amount: "0.00", currency: "CHF", description: "" },
    ...{ amount_abs: "0.00", is_debit: 0 },
  });
  expect(JSON.parse(sent(topic).at(-1) ?? "")).toMatchObject({
    ...{
      tenant: world.tenant.id,
      dataset: "transactions",
      status: "accepted",
      month: "2026-01",
      rowCount: 3,
    },
  });
});

describe("a file that is not right leaves a report, and nothing else", () => {
  const row = "1,2026-02-01,1.00,EUR,";
  const cases: readonly (readonly [what: string, content: string | Buffer, problems: readonly object[]])[] = [
    [
      "header that differs",
      `id,booked_on,amount,currency\n${row}\n`,
      [
        {
          line: 1,
          reason: `the header is not that of transactions: ${HEADER}`,
          record: "id,booked_on,amount,currency",
        },
      ],
    ],
    [
      "byte order mark",
      `\ufeff${HEADER}\n${row}\n`,
      [{ line: 1, reason: "the file begins with a byte order mark" }],
    ],
    [
      "wrong types",
      `${HEADER}\nx,2026-02-01,one,EUR,\n`,
      [
        {
          line: 2,
          column: "id",
          reason: "expected a whole number of 64 bits",
          record: "x,2026-02-01,one,EUR,",
        },
        { column: "amount" },
      ],
    ],
    [
      "too many digits behind the point",
      `${HEADER}\n1,2026-02-01,1.005,EUR,\n`,
      [
        {
          line: 2,
          column: "amount",
          reason: "expected a number with at most 16 digits before the point and 2 behind it",
        },
      ],
    ],
    ["too many digits before it", `${HEADER}\n1,2026-02-01,10000000000000000,EUR,\n`, [{ column: "amount" }]],
    [
      "a date that isn't one",
      `${HEADER}\n1,2026-02-30,1.00,EUR,\n`,
      [
        {
          column: "booked_on",
          reason: "expected a date that exists, YYYY-MM-DD, from 1900-01-01 to 9999-12-31",
        },
      ],
    ],
    [
      "a text that is too long",
      `${HEADER}\n1,2026-02-01,1.00,EURO,\n`,
      [{ column: "currency", reason: "is longer than 3 characters" }],
    ],
    [
      "no value",
      `${HEADER}\n1,2026-02-01,,EUR,\n1,,1,EUR,\n`,
      [
        { line: 2, column: "amount", reason: "is empty" },
        { line: 3, column: "booked_on" },
      ],
    ],
    [
      "an empty number in quotes",
      `${HEADER}\n"",2026-02-01,1,EUR,\n`,
      [{ column: "id", reason: "is empty" }],
    ],
    ["a field too many", `${HEADER}\n${row}\n${row},\n`, [{ line: 3, reason: "has 6 fields instead of 5" }]],
    [
      "two months",
      `${HEADER}\n1,2026-02-28,1.00,EUR,"a\nb"\n2,2026-03-01,1.00,EUR,\n`,
      [
        {
          line: 4,
          column: "booked_on",
          reason: "is of 2026-03, the first row of 2026-02: a file has rows of one month",
        },
      ],
    ],
    [
      "wrong rows behind a wrong header",
      "id;booked_on\nx;y\n",
      [{ line: 1, reason: `the header is not that of transactions: ${HEADER}` }],
    ],
    ["nothing", "", [{ reason: "the file is empty" }]],
    ["only a header", `${HEADER}\n`, [{ reason: "the file has no rows after its header" }]],
    [
      "not CSV",
      `${HEADER}\n1,2026-02-01,1.00,EUR,a"b\n`,
      [{ reason: "record 2: a field without quotes has a quote" }],
    ],
    [
      "a quote that is never closed",
      `${HEADER}\n1,2026-02-01,1.00,EUR,"${"x".repeat(2 * 1024 * 1024)}`,
      [{ reason: "record 2: it is longer than 1048576 characters" }],
    ],
    [
      "not UTF-8",
      Buffer.from(`${HEADER}\n1,2026-02-01,1.00,EUR,\xe9\n`, "latin1"),
      [{ reason: "it is not UTF-8" }],
    ],
  ];
  it.each(cases)("%s", async (what, content, problems) => {
    const found = await problemsOf(`raw/transactions/${what}.csv`, content);
    expect(found).toEqual(problems.map((problem) => expect.objectContaining(problem) as unknown));
    expect(await world.list("2026-02")).toBeUndefined();
  });

  it("gzip that is cut short", async () => {
    const whole = gzipSync(transactionsOf("2026-02", Array<string>(1000).fill("1.00")));
    const found = await problemsOf("raw/transactions/cut.csv.gz", whole.subarray(0, whole.length / 2));
    expect(found).toEqual([{ reason: "the gzip data is damaged or cut short" }]);
  });

  it("an unknown dataset, one that the tenant doesn't have, no dataset, another format", async () => {
    const file = transactionsOf("2026-02", ["1.00"]);
    const [, , third] = world.lake.tenants;
    expect(await problemsOf("raw/payments/a.csv", file)).toEqual([
      { reason: "payments is not a dataset of the tenant; its datasets of own files are: transactions" },
    ]);
    expect(await problemsOf("raw/transactions/a.csv", file, third)).toEqual([
      { reason: "transactions is not a dataset of the tenant; its datasets of own files are: none" },
    ]);
    expect(await problemsOf("raw/a.csv", file)).toEqual([
      { reason: "the key has no folder of a dataset; its datasets of own files are: transactions" },
    ]);
    expect(await problemsOf("raw/transactions/a.xlsx", file)).toEqual([
      { reason: "the name does not end in .csv or .csv.gz" },
    ]);
  });

  it("a thousand problems are in the report, and the number of all", async () => {
    await problemsOf("raw/transactions/many.csv", transactionsOf("2026-02", Array<string>(1001).fill("x")));
    const [report] = await world.reports("raw/transactions/many.csv");
    expect(report).toMatchObject({
      ...{ problemCount: 1001, dataset: "transactions" },
      ...{ reportedAt: expect.stringMatching(/^20.*Z$/) as string, runId: expect.any(String) as string },
    });
    expect(report?.["problems"]).toHaveLength(1000);
  });
});

it("a tenant that the list doesn't know, and a message that is none, fail alone", async () => {
  await world.write("raw/transactions/known.csv", transactionsOf("2026-04", ["4.00"]));
  const event = world.queue.collect().drop();
  const stranger = event.replaceAll(bucketOf(world.tenant), "lake-stranger");
  const Records = [stranger, "not JSON", event].map((body, index) => ({
    eventSource: "aws:sqs",
    messageId: `message-${index}`,
    body,
  }));
  expect(await world.handle({ Records })).toEqual({
    batchItemFailures: [{ itemIdentifier: "message-0" }, { itemIdentifier: "message-1" }],
  });
  expect(await world.amounts("2026-04")).toEqual(["4.00"]);
});

it("an upload that S3 breaks off leaves nothing behind, and the next event takes the file", async () => {
  const { aws } = world.lake.world;
  const mend = aws.onRequest(({ service, operation, key }) =>
    service === "s3" && operation === "UploadPart" && key?.startsWith("analytics-ready/") === true
      ? { respond: { status: 500, code: "InternalError", message: "broken" } }
      : undefined,
  );
  await world.write("raw/transactions/2026-03-broken.csv", transactionsOf("2026-03", ["1.00"]));
  await world.deliver().finally(mend);
  expect(await world.lake.openUploads(world.tenant)).toEqual([]);
  expect(await world.amounts("2026-03")).toEqual([]);
  expect(world.queue.deadLetters.splice(0)).toHaveLength(1);
  await world.write("raw/transactions/2026-03-broken.csv", transactionsOf("2026-03", ["1.00"]));
  await world.deliver();
  expect(await world.amounts("2026-03")).toEqual(["1.00"]);
});

it("events twice, late and swapped end the same: what the file is now counts", async () => {
  const key = "raw/transactions/2026-05.csv";
  await world.write(key, transactionsOf("2026-05", ["1.00"]));
  await world.write(key, transactionsOf("2026-05", ["2.00"]));
  await world.write("raw/transactions/other.csv", transactionsOf("2026-05", ["3.00"]));
  world.queue.collect().twice().swapped();
  const late = world.queue.drop();
  await world.deliver();
  const announced = sent(topic).length;
  await world.queue.send(late).deliver((event) => world.handle(event));
  expect(sent(topic)).toHaveLength(announced);
  expect(await world.amounts("2026-05")).toEqual(["2.00", "3.00"]);
  expect(await world.verify("2026-05")).toMatchObject([{ status: "verified", problems: [] }]);
});

it("the same content under another name, compressed or not, is there once, until no file has it", async () => {
  const content = transactionsOf("2026-06", ["6.00"]);
  const first = await world.write("raw/transactions/6.csv", content);
  const second = await world.write("raw/transactions/6-again.csv.gz", gzipSync(content));
  await world.deliver();
  expect(await world.amounts("2026-06")).toEqual(["6.00"]);
  await world.run(first, "withdraw");
  expect(await world.amounts("2026-06")).toEqual(["6.00"]);
  await world.run(second, "withdraw");
  expect(await world.list("2026-06")).toBeUndefined();
  expect(await world.lake.keys(world.tenant, "analytics-ready/transactions/year=2026/month=06/")).toEqual([]);
  // The events of withdrawn versions change nothing; a new version of a file brings its rows back.
  await world.runAll();
  expect(await world.list("2026-06")).toBeUndefined();
  await world.write("raw/transactions/6.csv", content);
  await world.deliver();
  expect(await world.amounts("2026-06")).toEqual(["6.00"]);
});

it("a corrected file replaces what it brought, in another month too; a wrong correction changes nothing", async () => {
  const key = "raw/transactions/correction.csv";
  for (const content of [transactionsOf("2026-07", ["7.00"]), "wrong", transactionsOf("2026-07", ["7.10"])]) {
    await world.write(key, content);
    await world.deliver();
    expect(await world.amounts("2026-07")).toEqual([content.includes("7.10") ? "7.10" : "7.00"]);
  }
  await world.write(key, transactionsOf("2026-08", ["8.00"]));
  await world.deliver();
  expect([await world.amounts("2026-07"), await world.amounts("2026-08")]).toEqual([[], ["8.00"]]);
  expect(await world.lake.keys(world.tenant, "processed/transactions/year=2026/month=07/")).toEqual([]);
  expect(await world.verify("2026-08")).toMatchObject([{ status: "verified", problems: [] }]);
});

it("a file takes its steps once; what it replaces is cleaned up, and what is settled is left alone", async () => {
  const key = "raw/transactions/steps.csv";
  const steps = async () => {
    const seen: string[] = [];
    const uri = await world.write(key, transactionsOf("2025-03", [`${seen.length}.25`]));
    const { status, month } = await world.run(uri, "refine", ({ step }) => void seen.push(step));
    expect([status, month]).toEqual(["accepted", "2025-03"]);
    expect(await world.run(uri)).toMatchObject({ status: "unchanged", month: "2025-03" });
    return seen;
  };
  const taken = ["checked", "processed", "completed", "proven", "recorded", "noted", "entered", "listed"];
  expect(await steps()).toEqual([...taken, "announced", "settled"]);
  const uri = await world.write(key, transactionsOf("2025-03", ["7.25"]));
  const seen: string[] = [];
  await world.run(uri, "refine", ({ step }) => void seen.push(step));
  expect(seen).toEqual([...taken, "cleaned", "announced", "settled"]);
});

it("the log counts the rows of files that are taken, and the files that are not right", async () => {
  const metrics = async (content: string) => {
    const before = log.length;
    await world.write("raw/transactions/counted.csv", content);
    await world.deliver();
    const lines = log.slice(before).flatMap((text) =>
      text
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("{")),
    );
    const all = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const uri = `s3://${bucketOf(world.tenant)}/raw/transactions/counted.csv`;
    for (const step of ["checked", "noted", "announced", "settled"])
      expect(all).toContainEqual(expect.objectContaining({ message: step, step, file: uri }));
    expect(all).toContainEqual(expect.objectContaining({ message: "file done", file: uri }));
    return [
      all.flatMap(({ RefinedRows = [] }) => RefinedRows),
      all.flatMap(({ RejectedFiles = [] }) => RejectedFiles),
    ];
  };
  expect(await metrics(transactionsOf("2025-04", ["4.00", "5.00"]))).toEqual([[2], []]);
  expect(await metrics("wrong")).toEqual([[], [1]]);
});

it("verify names a source of the rows that is gone", async () => {
  const key = "raw/transactions/source.csv";
  const uri = await world.write(key, transactionsOf("2025-05", ["5.00"]));
  await world.deliver();
  const { s3 } = world.lake.world;
  const at = { Bucket: bucketOf(world.tenant), Key: key };
  const { VersionId } = await s3.send(new HeadObjectCommand(at));
  await s3.send(new DeleteObjectCommand({ ...at, VersionId }));
  expect(await world.verify("2025-05")).toMatchObject([{ status: "damaged", problems: [`${uri}: gone`] }]);
});

it("events that were lost, and a list that is gone, are made up for by the schedule's message", async () => {
  await world.write("raw/transactions/lost.csv", transactionsOf("2026-09", ["9.00"]));
  await world.write("raw/transactions/lost-too.csv", "wrong");
  world.queue.collect().drop();
  world.queue.drop();
  await world.queue.send('{"all":true}').deliver((event) => world.handle(event));
  expect(await world.amounts("2026-09")).toEqual(["9.00"]);
  expect(await world.reports("raw/transactions/lost-too.csv")).toHaveLength(1);
  const { done, failures } = await world.runAll();
  expect(failures).toEqual([]);
  expect(new Set(done.map(({ status }) => status))).toEqual(new Set(["unchanged"]));
});

/** `npm run test:races` has 300. */
const TENANTS = Number(process.env["LAKE_TENANTS"] ?? 30);

it("of many tenants, one whose bucket is gone stops no other", async () => {
  const { lake } = world;
  const file = lake.environment["LAKE_TENANTS_FILE"] ?? "";
  const list = await readFile(file, "utf8");
  const [first] = lake.tenants;
  const many = Array.from({ length: TENANTS }, (_, index) => ({
    ...{ id: `many-${index}`, bankId: 1000 + index, name: "One of many" },
    datasets: index < 20 ? ["transactions"] : [],
  }));
  await writeFile(file, JSON.stringify(many));
  try {
    for (const [index, tenant] of many.entries())
      if (index !== 1) lake.world.aws.createBucket(bucketOf(tenant), { versioning: true });
    for (const tenant of [many[0], many[2], many[19]])
      await world.write("raw/transactions/a.csv", transactionsOf("2025-01", ["1.00"]), tenant ?? first);
    const failed: string[] = [];
    const { done, failures } = await world.runAll((what) => failed.push(what));
    expect(failed).toEqual(["many-1"]);
    expect(failures).toMatchObject([{ name: "StorageError" }]);
    expect(done.map(({ tenant, status }) => `${tenant} ${status}`).sort()).toEqual([
      ...["many-0 accepted", "many-19 accepted", "many-2 accepted"],
    ]);
    const compacted = await world.compact();
    expect(compacted.failures).toHaveLength(1);
    expect(compacted.done.map(({ tenant }) => tenant).sort()).toEqual(["many-0", "many-19", "many-2"]);
  } finally {
    await writeFile(file, list);
  }
});

it("a closed month's files become one by one write, with all of their rows and lineage; a late file is not lost", async () => {
  const month = "2025-11";
  for (const day of ["1", "2", "3"])
    await world.write(
      `raw/transactions/compacted-${day}.csv`,
      transactionsOf(month, [`${day}.00`, `${day}.50`]),
    );
  await world.deliver();
  const amounts = await world.amounts(month);
  expect(amounts).toHaveLength(6);
  expect(await world.compact(month)).toMatchObject({
    done: [{ status: "compacted", fileCount: 3 }],
    failures: [],
  });
  expect((await world.list(month))?.trim().split("\n")).toHaveLength(1);
  expect(await world.amounts(month)).toEqual(amounts);
  expect(await world.verify(month)).toMatchObject([{ status: "verified", problems: [] }]);
  expect((await world.lineage(month)).filter((line) => line.includes("/raw/"))).toHaveLength(3);
  expect(await world.compact(month)).toMatchObject({ done: [{ status: "unchanged" }], failures: [] });

  await world.write("raw/transactions/compacted-late.csv", transactionsOf(month, ["9.00"]));
  await world.deliver();
  expect(await world.amounts(month)).toEqual([...amounts, "9.00"]);
  expect(await world.compact(month)).toMatchObject({ done: [{ status: "compacted", fileCount: 4 }] });
  expect(await world.amounts(month)).toEqual([...amounts, "9.00"]);
  await expect(world.compact("2099-01")).rejects.toMatchObject({
    name: "RequestError",
    message: "2099-01 has not ended (UTC)",
    hint: expect.stringContaining("no more files of it are expected") as string,
  });
});
