/**
 * Two runs of one month at the same time: if they share a database, its lock decides; if not, the conditional writes
 * do. Also a single run that loses responses, so that its second try finds what its first try wrote.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import fc from "fast-check";

import { parseExtractSettings } from "../../../src/extract/settings";
import { extract, type Summary } from "../../../src/extract/extract";
import { parseRequest } from "../../../src/extract/request";
import { Gate } from "../../support/gate";
import { whileHeld } from "../../support/held-table";
import { OtherDatabase } from "../../support/other-database";
import { expectInPlace, readHistory, readRevision } from "../../support/reader";
import { NOW, stagedAsUploads, World } from "../../support/world";

jest.setTimeout(180_000);

const month = "2026-09";
const earlierMonth = "2026-08";
const bankIds = [1, 2, 3];

/** A month's data in the tables: the amount of each bank's one loan. */
type Data = readonly number[];

interface Tables {
  sql(text: string, values?: unknown[]): Promise<unknown[]>;
}

async function fillTables(tables: Tables): Promise<void> {
  for (const id of bankIds) {
    await tables.sql("insert into bank values ($1, $2, 0)", [id, `Bank ${id}`]);
    await tables.sql("insert into branch values ($1, $1, 'High Street')", [id]);
    await tables.sql("insert into client values ($1, '', '', $1)", [id]);
    await tables.sql("insert into account values ($1, 0, $1)", [id]);
    await tables.sql("insert into loans values ($1, 0, $1, '2026-09-15')", [id]);
    await tables.sql("insert into loans values ($1, 0, $2, '2026-08-15')", [id + bankIds.length, id]);
  }
}

async function setData(tables: Tables, data: Data, earlierData: Data = data): Promise<void> {
  await tables.sql("update loans set amount = ($1::int[])[idloan]", [[...data, ...earlierData]]);
}

/** The loan totals of a revision's files, one for each bank. */
function dataOf(files: readonly { readonly loanTotal: string }[]): Data {
  return files.map(({ loanTotal }) => Number(loanTotal));
}

let world: World;
beforeAll(async () => {
  world = await World.create("empty", stagedAsUploads);
  await fillTables(world);
});
afterAll(() => world.close());

let prefix: string;
beforeEach(() => (prefix = world.prefix()));

function run(input: object = { month }): Promise<Summary> {
  return world.run(input, { environment: { EXTRACT_PREFIX: prefix } });
}

describe("two runs that share a database", () => {
  /** Holds the first run at the uploads of its three banks while `meanwhile` runs. */
  async function duringFirstRun(meanwhile: () => Promise<unknown>, input: object = { month }) {
    const gate = new Gate(bankIds.length);
    let uploads = 0;
    const remove = world.aws.onRequest((event) => {
      if (event.operation !== "CreateMultipartUpload") return undefined;
      uploads += 1;
      return uploads > bankIds.length ? undefined : gate.hold();
    });
    const first = run(input);
    await Promise.race([gate.reached, first]);
    try {
      await meanwhile();
    } finally {
      remove();
      gate.open();
    }
    return first;
  }

  it.each([{ month }, { month, restate: true }, { from: "2026-08", to: "2026-10" }])(
    "publish a month only once, and the second fails with a ConflictError: %j",
    async (second) => {
      await setData(world, [1, 2, 3]);
      const summary = await duringFirstRun(async () => {
        const writes = await world.operationsDuring(async () => {
          await expect(run(second)).rejects.toMatchObject({
            name: "ConflictError",
            message: "another run of 2026-09 is active",
            exitCode: 75,
            retry: true,
          });
        });
        expect(writes).toEqual(["GetSecretValue"]);
      });
      expect(summary.months).toMatchObject([{ status: "published", revision: 1 }]);
      expect(await readRevision(world, month, prefix)).toBeDefined();
      expect((await run()).months).toMatchObject([{ status: "unchanged", revision: 1 }]);
    },
  );

  it("take the lock before they read, so that no run waits with an ageing snapshot", async () => {
    await setData(world, [1, 2, 3]);
    const input = { month, restate: true };
    const first = await whileHeld(
      world.database,
      "loans",
      () => run(input),
      () => expect(run(input)).rejects.toMatchObject({ message: "another run of 2026-09 is active" }),
    );
    expect(first.months).toMatchObject([{ status: "published", revision: 1 }]);
  });

  it("don't block each other when one is a dry run, which leaves the other's uploads alone", async () => {
    const summary = await duringFirstRun(async () => {
      expect((await run({ month, dryRun: true })).months).toMatchObject([{ status: "published" }]);
    });
    expect(summary.months).toMatchObject([{ status: "published", revision: 1 }]);
  });

  it("don't block each other when their months or prefixes differ", async () => {
    const first = await duringFirstRun(async () => {
      expect((await run({ month: "2026-08", allowEmpty: true })).months).toMatchObject([
        { status: "published" },
      ]);
      prefix = world.prefix();
      expect((await run()).months).toMatchObject([{ status: "published" }]);
    });
    expect(first.months).toMatchObject([{ status: "published", revision: 1 }]);
  });
});

/** The operations that can change what a consumer sees. */
const WRITE = /^(Put|Complete|Abort|Delete)/;

/** The error of every request that a dead run makes, so that nothing more of it reaches the bucket. */
class Died extends Error {
  override readonly name = "Died";
}

/** The data of the month that all tests use, and of the month before it. */
type MonthData = Readonly<Record<typeof month | typeof earlierMonth, Data>>;

/** What a run does. */
interface Part {
  readonly data: MonthData;
  readonly months: readonly (keyof MonthData)[];
  readonly restate: boolean;
  /** How many of its requests reach the bucket; infinite for a run that does not die. */
  readonly requestCount: number;
}

/** A run whose requests to the bucket wait, one by one, for their turn. */
class SteppedRun {
  readonly runId: string;
  readonly uploadIds: string[] = [];
  hasEnded = false;
  summary: Summary | undefined;
  failure: unknown;
  readonly #waiting: { readonly operation: string; readonly send: () => Promise<unknown> }[] = [];
  #requestsLeft: number;
  #onChange: () => void = () => undefined;

  constructor(name: string, database: OtherDatabase, { months, restate, requestCount }: Part) {
    this.runId = `${name} below ${prefix}`;
    this.#requestsLeft = requestCount;
    const environment = { ...world.environment, ...database.environment, EXTRACT_PREFIX: prefix };
    const settings = parseExtractSettings(environment);
    const s3 = new S3Client({ ...world.aws.clientConfig, forcePathStyle: true, userAgentAppId: "extract" });
    // Held here because the endpoint can't distinguish the requests of one run, the other run and the consumer.
    s3.middlewareStack.add((next, context) => (args) => this.#inTurn(context, () => next(args)), {
      step: "initialize",
      priority: "high",
    });
    const deadline = { signal: new AbortController().signal, timeLeftMs: () => 60_000 };
    const input = { from: months[0], to: months.at(-1), restate };
    void extract(parseRequest(input, NOW), {
      runId: this.runId,
      settings,
      aws: { ...world.clients("extract"), s3: () => Promise.resolve(s3) },
      deadline,
      now: () => NOW,
      observe: () => undefined,
    })
      .then(
        (summary) => (this.summary = summary),
        (failure: unknown) => (this.failure = failure),
      )
      .finally(() => {
        this.hasEnded = true;
        s3.destroy();
        this.#onChange();
      });
  }

  /** Waits until the run has a request to make, or has ended. */
  async settled(): Promise<void> {
    while (this.#waiting.length === 0 && !this.hasEnded) {
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  /** Whether the run's next request is for this operation. */
  isNext(operation: string): boolean {
    return this.#waiting[0]?.operation === operation;
  }

  /** Lets the run's next request through, waits for its answer, and returns the operation. */
  async step(): Promise<string> {
    const next = this.#waiting.shift();
    if (next === undefined) throw new Error(`${this.runId} has no request to make`);
    await next.send();
    await this.settled();
    return next.operation;
  }

  #inTurn<Output extends { readonly output: object }>(
    { commandName }: { readonly commandName?: string },
    send: () => Promise<Output>,
  ): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        operation: (commandName ?? "").replace(/Command$/, ""),
        send: () => {
          const answered = this.#requestsLeft-- > 0 ? send() : Promise.reject<Output>(new Died());
          return answered.then((answer) => {
            if ("UploadId" in answer.output && commandName === "CreateMultipartUploadCommand")
              this.uploadIds.push(String(answer.output.UploadId));
            resolve(answer);
          }, reject);
        },
      });
      this.#onChange();
    });
  }
}

/** The id of a new transaction: higher than all ids before it, lower than all after it. */
async function newTransactionId(): Promise<bigint> {
  const [row] = await world.sql<{ id: string }>("select pg_current_xact_id()::text as id");
  return BigInt(row?.id ?? "");
}

/** A consumer that looks at a month after every step, and remembers what it saw. */
class Watch {
  /** The run of every revision seen so far; the first is at 0. */
  readonly runIds: string[] = [];
  readonly #dataOfRun = new Map<string, Data>();
  /** The id of a transaction from before the current revision. */
  #before = 0n;

  constructor(readonly month: keyof MonthData) {}

  /** Must be called before the run publishes. */
  expects(run: SteppedRun, data: MonthData): void {
    this.#dataOfRun.set(run.runId, data[this.month]);
  }

  /** @param before the id of a transaction from before everything that has happened since the last look. */
  async look(before: bigint): Promise<void> {
    const manifest = (await readRevision(world, this.month, prefix))?.manifest;
    if (manifest?.revision === this.runIds.length + 1) {
      this.runIds.push(manifest.runId);
      // The data of a new revision must be read after the previous revision was published.
      const [, nextTransaction = ""] = manifest.source.snapshot.split(":");
      assert(
        BigInt(nextTransaction) > this.#before,
        `older figures replaced revision ${manifest.revision - 1}`,
      );
      this.#before = before;
    }
    assert.deepEqual(
      { revision: manifest?.revision ?? 0, runId: manifest?.runId },
      { revision: this.runIds.length, runId: this.runIds.at(-1) },
    );
    if (manifest === undefined) return;
    assert.deepEqual(dataOf(manifest.files), this.#dataOfRun.get(manifest.runId));
    assert.deepEqual(
      manifest.history.map(({ revision }) => revision),
      this.runIds.slice(1).map((_, index) => index + 1),
    );
  }

  /** The errors in what a run reports about the month. */
  faultsOf({ runId, summary }: SteppedRun, { data }: Part): string[] {
    const outcome = summary?.months.find((each) => each.month === this.month);
    if (outcome === undefined) return [];
    const publisher = this.runIds[outcome.revision - 1] ?? "nobody";
    const isTrue =
      outcome.status === "unchanged"
        ? isDeepStrictEqual(this.#dataOfRun.get(publisher), data[this.month])
        : publisher === runId;
    return isTrue ? [] : [`${runId} says ${outcome.status} of ${this.month}, which nobody saw`];
  }
}

/** The errors in how a surviving run ended. */
function faultyEndOf(
  { runId, summary, failure, uploadIds }: SteppedRun,
  part: Part,
  open: string[],
): string[] {
  const faults = open.filter((id) => uploadIds.includes(id)).map((id) => `${runId} left the upload ${id}`);
  if (summary !== undefined) {
    const months = summary.months.map((each) => each.month);
    return isDeepStrictEqual(months, part.months) ? faults : [...faults, `${runId} did ${String(months)}`];
  }
  const name = failure instanceof Error ? failure.name : String(failure);
  const isRefusal = name === "ConflictError" || (name === "AlreadyPublishedError" && !part.restate);
  return isRefusal ? faults : [...faults, `${runId} failed: ${String(failure)}`];
}

describe("two runs that share no lock", () => {
  let databases: readonly [OtherDatabase, OtherDatabase];
  beforeAll(async () => {
    databases = [await OtherDatabase.create(world), await OtherDatabase.create(world)];
    for (const database of databases) await fillTables(database);
  });
  afterAll(async () => {
    for (const database of databases) await database.close(world);
  });

  const lives = Number.POSITIVE_INFINITY;
  /** A run of a month with three banks makes 15 requests. */
  const dies = fc.integer({ min: 0, max: 30 });
  const monthData = fc.tuple(...bankIds.map(() => fc.integer({ min: 1, max: 3 })));
  const data = fc.record({ [month]: monthData, [earlierMonth]: monthData });
  const months = fc.constantFrom<Part["months"]>([month], [earlierMonth], [earlierMonth, month]);
  const run = fc.record({
    data,
    months,
    restate: fc.boolean(),
    requestCount: fc.oneof({ weight: 4, arbitrary: fc.constant(lives) }, { weight: 1, arbitrary: dies }),
  });
  const scenarios = fc.record({
    /** What was published earlier, if anything. */
    published: fc.option(fc.record({ data, months })),
    /** A run that died earlier, if any. */
    dead: fc.option(fc.record({ data, months, restate: fc.boolean(), requestCount: dies })),
    runs: fc.tuple(run, run),
    /** Which run's turn it is, and for how many requests; repeated from the start after the last. */
    turns: fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 16 }),
  });

  let watches: readonly Watch[];
  beforeEach(() => (watches = []));

  async function lookAtAll(before: bigint): Promise<void> {
    for (const watch of watches) await watch.look(before);
  }

  async function start(name: string, database: OtherDatabase, part: Part): Promise<SteppedRun> {
    await setData(database, part.data[month], part.data[earlierMonth]);
    const started = new SteppedRun(name, database, part);
    for (const watch of watches) watch.expects(started, part.data);
    await started.settled();
    return started;
  }

  /** Lets a run make its next request, and looks at what it has changed. */
  async function step(each: SteppedRun): Promise<void> {
    const before = each.isNext("PutObject") ? await newTransactionId() : 0n;
    const operation = await each.step();
    // Other requests change nothing visible.
    if (WRITE.test(operation)) await lookAtAll(before);
  }

  async function runAlone(name: string, part: Part): Promise<SteppedRun> {
    const before = await newTransactionId();
    const alone = await start(name, databases[0], part);
    while (!alone.hasEnded) await alone.step();
    await lookAtAll(before);
    return alone;
  }

  async function openUploadIds(): Promise<string[]> {
    const { Uploads } = await world.s3.send(
      new ListMultipartUploadsCommand({ Bucket: world.bucket, Prefix: prefix }),
    );
    return (Uploads ?? []).map(({ UploadId }) => UploadId ?? "");
  }

  const range = { from: earlierMonth, to: month };

  function runOn({ environment }: OtherDatabase, input: object): Promise<Summary> {
    return world.run(input, { environment: { ...environment, EXTRACT_PREFIX: prefix } });
  }

  it.each([
    ["a single month", { month, restate: true }, []],
    ["the last month of a range", { ...range, restate: true }, [earlierMonth]],
  ])("never replace newer figures with older ones: %s", async (_, input, done) => {
    const [old, recent] = databases;
    await setData(old, [1, 2, 3]);
    await setData(recent, [4, 5, 6]);
    await runOn(recent, range);
    await setData(recent, [7, 8, 9]);
    const stale = whileHeld(
      old.name,
      "loans",
      () => runOn(old, input),
      async () => {
        const { months } = await runOn(recent, { month, restate: true });
        expect(months).toMatchObject([{ status: "restated", revision: 2 }]);
      },
    );
    await expect(stale).rejects.toMatchObject({ name: "ConflictError", retry: true, done });
    const revision = await readRevision(world, month, prefix);
    expect(revision?.manifest.revision).toBe(2);
    expect(dataOf(revision?.manifest.files ?? [])).toEqual([7, 8, 9]);
    expect(await world.openUploads(prefix)).toEqual([]);
  });

  it("show a consumer nothing or one whole revision at every moment, and end cleanly", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ published, dead, runs: parts, turns }) => {
        prefix = world.prefix();
        watches = [new Watch(earlierMonth), new Watch(month)];
        const [one, other] = databases;
        if (published !== null)
          await runAlone("the one before", { ...published, restate: false, requestCount: lives });
        if (dead !== null) await runAlone("the dead one", dead);

        const runs = [await start("one", one, parts[0]), await start("the other", other, parts[1])] as const;
        for (let turn = 0; runs.some(({ hasEnded }) => !hasEnded); turn++) {
          const [whose, count] = turns[turn % turns.length] ?? [0, 1];
          const [wanted, otherwise] = whose === 0 ? runs : [runs[1], runs[0]];
          const inTurn = wanted.hasEnded ? otherwise : wanted;
          for (let made = 0; made < count && !inTurn.hasEnded; made++) await step(inTurn);
        }

        const open = await openUploadIds();
        const faults = runs.flatMap((each, index) => {
          const part = parts[index === 0 ? 0 : 1];
          if (part.requestCount !== lives) return [];
          return [
            ...faultyEndOf(each, part, open),
            ...watches.flatMap((watch) => watch.faultsOf(each, part)),
          ];
        });
        expect(faults).toEqual([]);

        const quiet = await runAlone("the quiet one", {
          data: { [month]: [4, 5, 6], [earlierMonth]: [7, 8, 9] },
          months: [earlierMonth, month],
          restate: true,
          requestCount: lives,
        });
        expect(quiet.failure).toBeUndefined();
        expect(await openUploadIds()).toEqual([]);
        for (const watch of watches) {
          expect(watch.runIds.at(-1)).toBe(quiet.runId);
          const manifest = await world.manifest(watch.month, prefix);
          await expectInPlace(world, manifest);
          for (const entry of manifest.history) await readHistory(world, entry);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a run that loses the response to a write", () => {
  /** The request is carried out, but the run only sees its connection break, and tries again. */
  async function losing(operation: string, keyEnd: string, action: () => Promise<Summary>): Promise<Summary> {
    let lost = 0;
    const remove = world.aws.onRequest((event) => {
      if (event.operation !== operation || event.attempt > 1 || !event.key?.endsWith(keyEnd))
        return undefined;
      lost++;
      return { reset: true, after: "handled" };
    });
    try {
      return await action();
    } finally {
      remove();
      expect(lost).toBe(1);
    }
  }

  it.each([
    ["CompleteMultipartUpload", "/Bank1_20260930.csv"],
    ["CompleteMultipartUpload", "/Bank2_20260930.csv"],
    ["CompleteMultipartUpload", "/Bank3_20260930.csv"],
    ["PutObject", "/09.json"],
  ])("recognises its own object at the second try: %s of %s", async (operation, keyEnd) => {
    const watched = async (data: Data, input: object) => {
      await setData(world, data);
      const { runId, months } = await losing(operation, keyEnd, () => run(input));
      const revision = await readRevision(world, month, prefix);
      expect(revision?.manifest.runId).toBe(runId);
      expect(dataOf(revision?.manifest.files ?? [])).toEqual(data);
      await expectInPlace(world, await world.manifest(month, prefix));
      expect(await world.openUploads()).toEqual([]);
      return [months[0]?.status, months[0]?.revision];
    };
    expect(await watched([1, 2, 3], { month })).toEqual(["published", 1]);
    expect(await watched([4, 5, 6], { month, restate: true })).toEqual(["restated", 2]);
  });

  it("does not mistake another run's object for its own at the second try", async () => {
    await setData(world, [1, 2, 3]);
    const remove = world.aws.onRequest(async ({ operation, attempt, key }) => {
      if (operation !== "CompleteMultipartUpload") return undefined;
      if (attempt === 1) return { reset: true, after: "handled" };
      remove();
      await world.put(key ?? "", "another's");
      return undefined;
    });
    await expect(run()).rejects.toMatchObject({ name: "ConflictError" });
    expect(await readRevision(world, month, prefix)).toBeUndefined();
    expect((await run()).months).toMatchObject([{ status: "published", revision: 1 }]);
    await expectInPlace(world, await world.manifest(month, prefix));
  });
});
