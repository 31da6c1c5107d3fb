/** The way of a delivery, by the state machine's definition, the real handlers, real PostgreSQL and real HTTP. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { HeadObjectCommand } from "@aws-sdk/client-s3";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

import { checkFile, intakeAgain, intakeFile } from "../../../src/intake/by-hand";
import { WaitingError } from "../../../src/intake/errors";
import { start } from "../../../src/intake/lambda";
import { DeliveryWorld, type TaskName } from "../../support/delivery-world";
import { queryParquet } from "../../support/duckdb";
import { EventQueue } from "../../support/event-queue";
import { fileOf } from "../../support/intake-world";
import { schemaProblems } from "../../support/report-schema";
import type { Json } from "../../support/state-machine";

const TIME = "2024-05-31T22:00:00Z";
const keyOf = (feed: string, bank = "FirstNational") => `landing/${bank}/${feed}_20240531T220000Z.dat`;
const loans = fileOf(["1|100|1000|2024-05-01", "2||1000|2024-05-02"], { total: 100, time: TIME });
/** Its trailer states one record more than it has. */
const wrongTrailer = fileOf(["1|100|1000|2024-05-01"], { total: 100, count: 2, time: TIME });
const corrected = fileOf(["1|100|1000|2024-05-01"], { total: 100, time: TIME });

let world: DeliveryWorld;
const log: string[] = [];
const environment = { ...process.env };

beforeAll(async () => {
  world = await DeliveryWorld.create();
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, "write").mockImplementation((text) => log.push(String(text)) > 0);
  }
});
beforeEach(() => world.reset());
afterEach(async () => {
  const problems = Object.values(await world.reports()).flatMap(schemaProblems);
  if (problems.length > 0) throw new Error(`a report is not by its schema: ${problems.join("; ")}`);
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

const loanIds = async () =>
  (await world.world.sql<{ idloan: number }>("select idloan from loans order by 1")).map(
    ({ idloan }) => idloan,
  );

/** The areas in which a delivery has objects, with their extensions. */
async function objectsOf(id: string): Promise<string[]> {
  const keys = Object.keys(await world.contents()).filter((key) => key.includes(id));
  return keys.map((key) => key.replace(/\/.*[0-9a-f]{32}\./, " ")).sort();
}

/** Runs the state machine for a new object. */
async function deliver(key: string, body: string, tasks: Parameters<DeliveryWorld["run"]>[1] = {}) {
  const address = await world.deliver(key, body);
  const execution = await world.run(address, tasks);
  const message = world.messages.at(-1);
  return { address, ...execution, message, id: message?.delivery ?? "" };
}

describe("a delivery", () => {
  it("that is right is loaded, staged and archived; machines get a message, people none; the landing object goes", async () => {
    const { status, path, id, message } = await deliver(keyOf("loans"), loans);
    expect([status, ...path]).toEqual(["SUCCEEDED", "Receive", "Load", "Stage", "Settle", "Settled"]);
    expect(await loanIds()).toEqual([1, 2]);
    expect(await objectsOf(id)).toEqual([
      ...["archive dat", "archive report.json", "raw dat", "raw result.json", "stage parquet"],
    ]);
    expect(message).toMatchObject({ outcome: "loaded", bank: "FirstNational", counts: { inserted: 2 } });
    expect([world.messages.length, world.notices.length]).toEqual([1, 0]);
    expect(await world.contents(world.landing)).toEqual({});
  });

  it("is in raw/ and in archive/ byte for byte, and its Parquet has its rows", async () => {
    const { id } = await deliver(keyOf("loans"), loans);
    const contents = await world.contents();
    const file = (area: string, extension: string) =>
      contents[`${area}/FirstNational/loans_20240531T220000Z.${id}.${extension}`] ?? "";
    expect([file("raw", "dat"), file("archive", "dat")]).toEqual([loans, loans]);
    const parquet = Buffer.from(file("stage", "parquet"), "latin1");
    const rows = await queryParquet(
      [parquet],
      "select idloan, amount, account_idaccount, loan_date::varchar from file0 order by 1",
    );
    expect(rows).toEqual([
      [1, 100, 1000, "2024-05-01"],
      [2, null, 1000, "2024-05-02"],
    ]);
  });

  it("that is wrong is rejected with a report, and people get a message; its correction is loaded", async () => {
    const wrong = await deliver(keyOf("loans"), wrongTrailer);
    expect([wrong.status, wrong.path.at(-2)]).toEqual(["SUCCEEDED", "Settle"]);
    expect(await loanIds()).toEqual([]);
    expect(await objectsOf(wrong.id)).toEqual([
      "error dat",
      "error report.json",
      "raw dat",
      "raw result.json",
    ]);
    expect(world.notices[0]?.subject).toContain("loans of FirstNational 2024-05-31T22:00:00Z rejected");
    expect(world.notices[0]?.message).toContain(
      "number of details: stated 2, found 1\n  control total: stated 100, found 100\n",
    );
    expect(await world.contents(world.landing)).toEqual({});

    const right = await deliver(keyOf("loans"), corrected);
    expect(right.message?.outcome).toBe("loaded");
    expect(await loanIds()).toEqual([1]);
    // The rejection stays on record.
    expect(await objectsOf(wrong.id)).toContain("error report.json");
  });

  it("that has wrong records has them in rejects.csv, with their lines and reasons", async () => {
    const file = fileOf(["1|x|1000|2024-05-01", "2|5|1000|2024-05-02"], { total: 5, time: TIME });
    const { id, message } = await deliver(keyOf("loans"), file);
    expect(message).toMatchObject({ outcome: "rejected", rejectedRecords: 1 });
    const key = `error/FirstNational/loans_20240531T220000Z.${id}.rejects.csv`;
    const [header, line, end] = (await world.contents())[key]?.split("\n") ?? [];
    expect([header, end]).toEqual(["line,reasons,record", ""]);
    expect(line).toMatch(/^2,.*amount.*,D\|1\|x\|1000\|2024-05-01$/);
  });

  it("with the content of another is unchanged: archived, and nothing staged", async () => {
    await deliver(keyOf("loans"), loans);
    const again = await deliver(keyOf("loans"), loans);
    expect(again.path).toEqual(["Receive", "Load", "Settle", "Settled"]);
    expect(again.message?.outcome).toBe("unchanged");
    expect(await objectsOf(again.id)).not.toContain("stage parquet");
    expect(await objectsOf(again.id)).toContain("archive report.json");
  });

  it("with a wrong name is rejected without being opened", async () => {
    const { message, id } = await deliver("landing/FirstNational/loans.txt", loans);
    expect(message).toMatchObject({ outcome: "rejected", problemCount: 1 });
    expect(await objectsOf(id)).toContain("error bin");
    expect(world.notices[0]?.message).toContain("loans.txt");
  });

  it("in a folder below its bank's, where the bank may write as well, is no other bank's", async () => {
    const { id, message } = await deliver(
      `landing/OtherBank/${keyOf("loans").slice("landing/".length)}`,
      loans,
    );
    expect(message).toMatchObject({ outcome: "rejected" });
    expect(message).not.toHaveProperty("bank");
    expect(await loanIds()).toEqual([]);
    expect(await objectsOf(id)).toContain("error report.json");
  });

  it("leaves objects whose media types are those of their content", async () => {
    await deliver(keyOf("loans"), fileOf(["1|x|1000|2024-05-01"], { total: 5, time: TIME }));
    await deliver(keyOf("loans"), loans);
    await deliver("landing/FirstNational/loans.txt", loans);
    const compressed = await world.deliver(
      `${keyOf("clients")}.gz`,
      gzipSync(fileOf([], { feed: "clients" })),
    );
    await world.run(compressed);
    const types: Record<string, Set<string>> = {};
    for (const key of Object.keys(await world.contents())) {
      const { ContentType = "" } = await world.world.s3.send(
        new HeadObjectCommand({ Bucket: world.bucket, Key: key }),
      );
      const extension = key.replace(/^.*[0-9a-f]{32}\./, "");
      (types[extension] ??= new Set()).add(ContentType);
    }
    expect(types).toEqual({
      dat: new Set(["text/plain; charset=utf-8"]),
      "dat.gz": new Set(["application/gzip"]),
      bin: new Set(["application/octet-stream"]),
      parquet: new Set(["application/vnd.apache.parquet"]),
      "report.json": new Set(["application/json"]),
      "result.json": new Set(["application/json"]),
      "rejects.csv": new Set(["text/csv; charset=utf-8"]),
    });
  });

  it("of a bank that doesn't exist is rejected", async () => {
    const { message } = await deliver(keyOf("loans", "NoBank"), loans);
    expect(message?.outcome).toBe("rejected");
  });
});

describe("a delivery that refers to rows that don't exist yet", () => {
  const early = fileOf(["1|100|3000|2024-05-01"], { total: 100, time: TIME });
  const clients = fileOf(["300|N|S|10"], { feed: "clients", time: TIME });
  const accounts = fileOf(["3000|7|300|2020-01-01"], { feed: "accounts", total: 7, time: TIME });

  it("waits for them, and is loaded when they have come", async () => {
    let attempts = 0;
    const { path, message } = await deliver(keyOf("loans"), early, {
      IntakeLoad: async (input) => {
        attempts += 1;
        if (attempts === 3) {
          await deliver(keyOf("clients"), clients);
          await deliver(keyOf("accounts"), accounts);
        }
        return world.tasks.IntakeLoad(input);
      },
    });
    expect(path).toEqual(["Receive", "Load", "Load", "Load", "Stage", "Settle", "Settled"]);
    expect(message).toMatchObject({ outcome: "loaded", feed: "loans" });
    expect(await loanIds()).toEqual([1]);
  });

  it("is rejected when they don't come, and loaded when it is taken again after they have", async () => {
    let attempts = 0;
    const waiting = () => Promise.reject(new WaitingError("missing", { hint: "Wait." }));
    const { path, message, id } = await deliver(keyOf("loans"), early, {
      // The first attempt and the last are real.
      IntakeLoad: (input) => (attempts++ % 16 === 0 ? world.tasks.IntakeLoad(input) : waiting()),
    });
    expect(path.slice(-4)).toEqual(["Load", "LoadWithoutWaiting", "Settle", "Settled"]);
    expect(message).toMatchObject({ outcome: "rejected", rejectedRecords: 1 });

    await deliver(keyOf("clients"), clients);
    await deliver(keyOf("accounts"), accounts);
    const [fileKey = ""] = Object.keys(await world.contents()).filter(
      (key) => key.startsWith("error/") && key.endsWith("dat"),
    );
    expect(await world.replay(fileKey)).toMatchObject({ outcome: "loaded" });
    expect(await loanIds()).toEqual([1]);
    // What is archived is no error any more.
    expect(await objectsOf(id)).toEqual([
      ...["archive dat", "archive report.json", "raw dat", "raw result.json", "stage parquet"],
    ]);
  });
});

describe("a step that fails for good", () => {
  const broken = () =>
    Promise.reject(Object.assign(new Error("it broke\nTry: mend it"), { name: "QueryError" }));

  it.each([
    ["IntakeLoad", false],
    ["IntakeStage", true],
  ] as const)(
    "leaves %s's delivery as an error, tells people, and can be taken again",
    async (task, isLoaded) => {
      const { status, id, message } = await deliver(keyOf("loans"), loans, { [task]: broken });
      expect([status, message?.outcome]).toEqual(["FAILED", "failed"]);
      expect(await loanIds()).toEqual(isLoaded ? [1, 2] : []);
      const [report] = Object.values(await world.reports());
      expect(report).toMatchObject({ failure: { name: "QueryError", message: "it broke" } });
      expect(world.notices[0]?.message).toContain(
        isLoaded ? "is loaded, but" : "Nothing of it is in the database",
      );
      expect(await world.contents(world.landing)).toEqual({});

      expect(await world.replay((report?.["raw"] as { key: string }).key)).toMatchObject({
        outcome: "loaded",
      });
      expect(await loanIds()).toEqual([1, 2]);
      expect(await objectsOf(id)).toEqual([
        ...["archive dat", "archive report.json", "raw dat", "raw result.json", "stage parquet"],
      ]);
    },
  );

  it("leaves the bank's object where it is if it could not be received", async () => {
    const { status, address } = await deliver(keyOf("loans"), loans, { IntakeReceive: broken });
    expect(status).toBe("FAILED");
    expect(world.notices[0]?.subject).toContain("not received");
    expect(world.messages).toEqual([]);
    expect(Object.keys(await world.contents(world.landing))).toEqual([address.key]);
    expect(await world.contents()).toEqual({});
    const again = await world.tasks.IntakeSettle({ ...address, error: { Error: "QueryError", Cause: "no" } });
    expect(again).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/) as string, outcome: "failed" });
  });

  it("has the report of its first failure, until it is taken again or its file is found wrong", async () => {
    const { id } = await deliver(keyOf("loans"), wrongTrailer, { IntakeLoad: broken });
    const key = `raw/FirstNational/loans_20240531T220000Z.${id}.dat`;
    const arrival = { id, key: keyOf("loans"), raw: { key, versionId: null, byteCount: 1 } };
    const reasonAfter = async (isReplay: boolean) => {
      await world.tasks.IntakeSettle({
        arrival: { ...arrival, isReplay },
        error: { Error: "QueryError", Cause: `it broke again: ${isReplay}` },
      });
      return Object.values(await world.reports()).map((each) => each["failure"]);
    };
    expect(await reasonAfter(false)).toEqual([{ name: "QueryError", message: "it broke" }]);
    expect(await reasonAfter(true)).toEqual([{ name: "QueryError", message: "it broke again: true" }]);
    expect(await world.replay(key)).toMatchObject({ outcome: "rejected" });
    const reports = Object.values(await world.reports());
    expect(reports.map(({ outcome, failure }) => [outcome, failure])).toEqual([["rejected", undefined]]);
  });

  it("doesn't overwrite the report of a rejection", async () => {
    const { id } = await deliver(keyOf("loans"), wrongTrailer);
    const before = await world.reports();
    const key = `raw/FirstNational/loans_20240531T220000Z.${id}.dat`;
    const arrival = { id, key: keyOf("loans"), raw: { key, versionId: null, byteCount: 1 }, isReplay: true };
    await world.tasks.IntakeSettle({ arrival, error: { Error: "QueryError", Cause: "it broke" } });
    expect(await world.reports()).toEqual(before);
  });
});

describe("a step that can't be done", () => {
  const key = keyOf("loans");
  const id = "0".repeat(32);
  const raw = { key: `raw/FirstNational/loans_20240531T220000Z.${id}.dat`, versionId: null, byteCount: 1 };
  const gone = { key: `raw/FirstNational/loans_20240531T220000Z.${id}.result.json`, versionId: null };
  const begin = "start the state machine again with the landing object.";

  it.each<[string, TaskName, Json, string, string]>([
    [
      "because of its input",
      ...(["IntakeReceive", { bucket: 1 }, "wrong input: bucket: Invalid type"] as const),
      'Start the state machine with {"bucket": …, "key": …, "versionId": …}',
    ],
    [
      "because the file was not received",
      ...(["IntakeLoad", { arrival: { id, key } }, `the delivery ${id} was not received`] as const),
      begin,
    ],
    [
      "because the copy of the file is gone",
      ...(["IntakeLoad", { arrival: { id, key, raw } }] as const),
      `${raw.key}, our copy of the delivery, is gone`,
      "Restore the object's version, or ask the bank to send the file again.",
    ],
    [
      "because the file was not loaded",
      ...(["IntakeStage", { arrival: { id, key, raw } }, `the delivery ${id} was not loaded`] as const),
      begin,
    ],
    [
      "because the result of loading is gone",
      ...(["IntakeStage", { arrival: { id, key, raw }, load: { outcome: "loaded", result: gone } }] as const),
      `${gone.key}, the result of loading, is gone`,
      "Take the delivery again from its file in raw/: it is not loaded twice.",
    ],
    [
      "because the copy of the file is gone before it was settled",
      ...(["IntakeSettle", { arrival: { id, key, raw }, error: { Error: "E" } }] as const),
      `s3://intake/${raw.key} is gone before it was settled`,
      "Restore the object's version, then take the delivery again.",
    ],
  ])("%s says so, and what to do", async (_, task, input, message, hint) => {
    const failure = await world.tasks[task](input).catch((error: unknown) => error);
    const [what, todo] = String(failure).split("\nTry: ");
    expect(what).toContain(message);
    expect(todo).toContain(hint);
    expect(await world.contents()).toEqual({});
  });

  it("because the delivery was rejected stages nothing", async () => {
    await deliver(key, wrongTrailer);
    const contents = await world.contents();
    const find = (end: string) => Object.keys(contents).find((each) => each.endsWith(end)) ?? "";
    const arrival = { id, key, raw: { ...raw, key: find(".dat") } };
    const load = { outcome: "loaded", result: { key: find(".result.json"), versionId: null } };
    await expect(world.tasks.IntakeStage({ arrival, load })).rejects.toThrow("was not loaded");
    expect(await world.contents()).toEqual(contents);
  });
});

describe("the events of the landing bucket", () => {
  const starter = (event: SQSEvent) =>
    world.handler<SQSEvent>("start", start)(event) as Promise<SQSBatchResponse>;

  /** Runs every execution that was started and not run yet. */
  async function runStarted(): Promise<void> {
    for (const { input } of world.started()) await world.run(JSON.parse(input) as never);
  }

  const first = fileOf(["1|100|1000|2024-05-01"], { total: 100, time: TIME });
  const laterTime = "2024-06-01T22:00:00Z";
  const laterKey = "landing/FirstNational/loans_20240601T220000Z.dat";
  const second = fileOf(["1|200|1000|2024-05-01"], { total: 200, time: laterTime });
  const amounts = () => world.world.sql("select idloan, amount from loans order by 1");

  it.each([
    ["in order", (queue: EventQueue) => queue],
    ["twice", (queue: EventQueue) => queue.twice()],
    ["swapped", (queue: EventQueue) => queue.swapped()],
    ["twice and swapped", (queue: EventQueue) => queue.twice().swapped()],
  ])("that come %s end in the same rows, with one execution for each object", async (_, order) => {
    const queue = new EventQueue(world.world.aws, world.landing).collect();
    queue.waiting.splice(0);
    await world.deliver(keyOf("loans"), first);
    await world.deliver(laterKey, second);
    await order(queue.collect()).deliver(starter);
    expect(world.started()).toHaveLength(2);
    await runStarted();
    expect(await amounts()).toEqual([{ idloan: 1, amount: 200 }]);
    expect(await world.contents(world.landing)).toEqual({});
  });

  it("that come again when all is done start nothing, and change nothing", async () => {
    const queue = new EventQueue(world.world.aws, world.landing).collect();
    queue.waiting.splice(0);
    const address = await world.deliver(keyOf("loans"), first);
    const late = queue.collect().waiting.slice();
    await queue.deliver(starter);
    await runStarted();
    for (const { name } of world.started()) world.world.aws.endExecution(name);
    const before = await world.everything();
    await queue.send(...late).deliver(starter);
    expect(queue.deadLetters).toEqual([]);
    expect(world.started()).toHaveLength(1);
    // Even the state machine itself finds nothing to do.
    expect((await world.run(address)).path).toEqual(["Receive", "Settled"]);
    expect(await world.everything()).toEqual(before);
  });

  it("that are no such events end in the dead-letter queue, and hold up no others", async () => {
    const queue = new EventQueue(world.world.aws, world.landing).collect();
    queue.waiting.splice(0);
    await world.deliver(keyOf("loans"), first);
    await world.deliver("landing/FirstNational/", new Uint8Array());
    await queue.send("no JSON").collect().deliver(starter);
    expect(queue.deadLetters).toEqual(["no JSON"]);
    expect(world.started()).toHaveLength(1);
  });

  it("of an object that somebody has removed are told to people", async () => {
    const address = await world.deliver(keyOf("loans"), first);
    const { status } = await world.run({ ...address, versionId: "gone" });
    expect(status).toBe("FAILED");
    expect(world.notices[0]?.message).toContain("it was never received");
  });
});

it("a file of this machine takes the same steps, and each is told; a check loads nothing", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "by-hand-"));
  const file = path.join(folder, "loans_20240531T220000Z.dat");
  await writeFile(file, loans);
  const byHand = async (action: typeof intakeFile) => {
    const steps: string[] = [];
    const taken = await world.byHand((edge) =>
      action(file, "FirstNational", edge, (event) => {
        expect(event.file).toBe(file);
        if (event.step !== steps.at(-1)) steps.push(event.step);
      }),
    );
    return { steps, taken };
  };
  const about = { file, feed: "loans", bank: "FirstNational", businessTime: TIME };
  const right = { rejectedRecords: 0, problemCount: 0, problems: [] };
  const counts = { records: 2, inserted: 2, updated: 0, same: 0, stale: 0, rejected: 0 };
  try {
    const checked = await byHand(checkFile);
    expect(checked).toEqual({ steps: ["loading"], taken: { ...about, ...right, counts, outcome: "loaded" } });
    expect([await loanIds(), await world.contents()]).toEqual([[], {}]);
    const keys = {
      raw: expect.stringMatching(/^raw\/FirstNational\/loans_20240531T220000Z\.[0-9a-f]{32}\.dat$/) as string,
      report: expect.stringMatching(
        /^archive\/FirstNational\/loans_20240531T220000Z\..*\.report\.json$/,
      ) as string,
    };
    const first = await byHand(intakeFile);
    expect(first).toEqual({
      steps: ["receiving", "loading", "staging", "settling"],
      taken: { ...about, ...right, ...keys, counts, outcome: "loaded" },
    });
    expect(await loanIds()).toEqual([1, 2]);
    const { steps, taken } = await byHand(intakeFile);
    expect([steps.filter((step) => step !== "loading"), taken.outcome]).toEqual([
      ["receiving", "settling"],
      "unchanged",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("a file of this machine that is wrong says so, with its first problems and without its records", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "by-hand-"));
  try {
    const wrong = path.join(folder, "loans_20240531T220000Z.dat");
    const details = Array.from({ length: 21 }, (_, at) => `${at}|x|1000|`);
    await writeFile(wrong, fileOf(details, { count: 20, time: TIME }));
    const early = path.join(folder, "accounts_20240531T220000Z.dat");
    await writeFile(early, fileOf(["3000||300|"], { feed: "accounts", time: TIME }));
    const unnamed = path.join(folder, "loans.txt");
    await writeFile(unnamed, loans);
    for (const action of [checkFile, intakeFile]) {
      const take = (file: string) =>
        world.byHand((edge) => action(file, "FirstNational", edge, () => undefined));
      const taken = await take(wrong);
      // The trailer's two figures are wrong as well: that of the amounts can't be checked.
      expect(taken).toMatchObject({
        outcome: "rejected",
        feed: "loans",
        rejectedRecords: 21,
        problemCount: 23,
      });
      expect(taken.problems.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, at) => at + 2));
      expect(JSON.stringify(taken.problems)).not.toContain('record"');
      expect(taken).not.toHaveProperty("counts");
      await expect(take(early)).rejects.toMatchObject({ name: "WaitingError" });
      const named = await take(unnamed);
      expect(named).toMatchObject({
        file: unnamed,
        outcome: "rejected",
        rejectedRecords: 0,
        problemCount: 1,
      });
      expect(named.problems).toEqual([{ reason: expect.stringContaining("loans.txt") as string }]);
      expect(named).not.toHaveProperty("feed");
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("a file with a wrong name that is taken again is the same file, and no other object", async () => {
  const { id } = await deliver("landing/FirstNational/loans.txt", loans);
  const steps: unknown[] = [];
  const file = `error/_unnamed/${id}.bin`;
  const contents = await world.contents();
  const taken = await world.byHand((edge) => intakeAgain(file, edge, (event) => steps.push(event)));
  expect(taken).toMatchObject({ file, outcome: "rejected", raw: `raw/_unnamed/${id}.bin` });
  expect(steps).toEqual([
    { step: "receiving", file },
    { step: "settling", file },
  ]);
  const again = await world.contents();
  expect(Object.keys(again)).toEqual(Object.keys(contents));
  // The name that the bank gave it is in no key: only the first report had it.
  expect(again[`error/_unnamed/${id}.report.json`]).toContain('"key": "landing/FirstNational/loans.txt"');
});

it("a replay of everything that was ever delivered changes not one row", async () => {
  const time = (day: string) => `2024-05-${day}T22:00:00Z`;
  const send = (feed: string, day: string, details: readonly string[], total = 0, count = details.length) =>
    deliver(
      `landing/FirstNational/${feed}_202405${day}T220000Z.dat`,
      fileOf(details, { feed, total, count, time: time(day) }),
    );
  await send("clients", "01", ["300|N|S|10", "301|N|S|11"]);
  await send("accounts", "01", ["3000|1|300|", "3001|2|301|"], 3);
  await send("loans", "03", ["1|10|3000|2024-05-03", "2|20|3001|"], 30);
  // Rejected, overlapping, and older than what is there.
  await send("loans", "04", ["1|99|3000|"], 99, 2);
  await send("loans", "05", ["2|21|3001|", "3|30|3001|"], 51);
  await send("loans", "02", ["1|9|3000|", "4|40|3000|"], 49);
  await send("clients", "06", ["301|M|S|10"]);
  await send("clients", "07", ["302|N|S|20"]);

  const before = [await world.intake.state(), await world.contents(world.landing)];
  const files = Object.keys(await world.contents()).filter((key) => /^(raw|error)\/.*\.dat$/.test(key));
  const outcomes = [];
  for (const key of [...files, ...files.reverse()]) outcomes.push((await world.replay(key)).outcome);
  expect([await world.intake.state(), await world.contents(world.landing)]).toEqual(before);
  expect(outcomes).toHaveLength(20);
  expect(outcomes.filter((each) => each === "rejected")).toHaveLength(8);
  expect(new Set(outcomes)).toEqual(new Set(["unchanged", "rejected"]));
});

it("names of clients are in no log, no message and no state", async () => {
  const file = fileOf(["300|Placeholder|Surname-Placeholder|99", "301|Placeholder|S|x"], {
    feed: "clients",
    time: TIME,
  });
  log.splice(0);
  const { output, message } = await deliver(keyOf("clients"), file);
  expect(message?.outcome).toBe("rejected");
  const told = [...log, JSON.stringify([output, world.messages, world.notices])].join("\n");
  expect(told).toContain("FirstNational");
  expect(told).not.toContain("Placeholder");
  expect(JSON.stringify(await world.reports())).toContain("Placeholder");
});
