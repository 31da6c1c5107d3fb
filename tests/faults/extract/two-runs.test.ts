/**
 * Two runs of one month at the same time: where they share a database its lock decides, and where they don't, the
 * conditional writes do. And a run alone whose answers get lost, so that its second try meets what its first wrote.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import fc from "fast-check";

import { parseExtractSettings } from "../../../src/extract/settings";
import { extract, type Summary } from "../../../src/extract/extract";
import { parseRequest } from "../../../src/extract/request";
import { awsClients } from "../../../src/platform/aws";
import { Gate } from "../../support/gate";
import { OtherDatabase } from "../../support/other-database";
import { expectInPlace, readHistory, readRevision } from "../../support/reader";
import { NOW, World } from "../../support/world";

jest.setTimeout(180_000);

const month = "2026-09";
const bankIds = [1, 2, 3];

/** What the tables hold: by bank, the amount of its one loan of the month. */
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
  }
}

async function setData(tables: Tables, data: Data): Promise<void> {
  await tables.sql("update loans set amount = ($1::int[])[idloan]", [data]);
}

/** The loans' totals by bank, as a revision has them. */
function dataOf(files: readonly { readonly loanTotal: string }[]): Data {
  return files.map(({ loanTotal }) => Number(loanTotal));
}

let world: World;
beforeAll(async () => {
  world = await World.create("empty");
  await fillTables(world);
});
afterAll(() => world.close());

let prefix: string;
beforeEach(() => (prefix = world.prefix()));

function run(input: object = { month }): Promise<Summary> {
  return world.run(input, { environment: { EXTRACT_PREFIX: prefix } });
}

describe("two runs that share a database", () => {
  /** Keeps the first run at its three banks' uploads for as long as `meanwhile` takes. */
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
    "of one month end in one published result and one clear refusal: %j",
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

  it("let a dry run of the month pass, which leaves the other's uploads alone", async () => {
    const summary = await duringFirstRun(async () => {
      expect((await run({ month, dryRun: true })).months).toMatchObject([{ status: "published" }]);
    });
    expect(summary.months).toMatchObject([{ status: "published", revision: 1 }]);
  });

  it("of two months, or below two prefixes, don't hinder each other", async () => {
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

/** What may change what a consumer sees. */
const WRITE = /^(Put|Complete|Abort|Delete)/;

/** A run is dead to the bucket when nothing comes from it any more. */
class Died extends Error {
  override readonly name = "Died";
}

/** What a run is to do. */
interface Part {
  readonly data: Data;
  readonly restate: boolean;
  /** How many of its requests reach the bucket; infinite for a run that lives. */
  readonly requestCount: number;
}

/** A run each of whose requests to the bucket waits for its turn. */
class SteppedRun {
  readonly runId: string;
  readonly uploadIds: string[] = [];
  hasEnded = false;
  summary: Summary | undefined;
  failure: unknown;
  readonly #waiting: { readonly operation: string; readonly send: () => Promise<unknown> }[] = [];
  #requestsLeft: number;
  #onChange: () => void = () => undefined;

  constructor(name: string, database: OtherDatabase, { restate, requestCount }: Part) {
    this.runId = `${name} below ${prefix}`;
    this.#requestsLeft = requestCount;
    const environment = { ...world.environment, ...database.environment, EXTRACT_PREFIX: prefix };
    const settings = parseExtractSettings(environment);
    const s3 = new S3Client({ ...world.aws.clientConfig, forcePathStyle: true });
    // Held here and not at the endpoint, which can't tell a run's requests from another's or the consumer's.
    s3.middlewareStack.add((next, context) => (args) => this.#inTurn(context, () => next(args)), {
      step: "initialize",
      priority: "high",
    });
    const deadline = { signal: new AbortController().signal, timeLeftMs: () => 60_000 };
    void extract(parseRequest({ month, restate }, NOW), {
      runId: this.runId,
      settings,
      aws: { ...awsClients(world.aws.clientConfig), s3: () => Promise.resolve(s3) },
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

/** A consumer that looks at the month after every step, and remembers what it saw. */
class Watch {
  /** The run of each revision that was ever seen; the first stands at 0. */
  readonly runIds: string[] = [];
  readonly #dataOfRun = new Map<string, Data>();

  /** To be told before the run publishes. */
  expects(run: SteppedRun, data: Data): void {
    this.#dataOfRun.set(run.runId, data);
  }

  async look(): Promise<void> {
    const manifest = (await readRevision(world, month, prefix))?.manifest;
    if (manifest?.revision === this.runIds.length + 1) this.runIds.push(manifest.runId);
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

  /** What a run that lived should not have ended with. */
  faultsOf({ runId, summary, failure, uploadIds }: SteppedRun, part: Part, open: string[]): string[] {
    const faults = open.filter((id) => uploadIds.includes(id)).map((id) => `${runId} left the upload ${id}`);
    const outcome = summary?.months[0];
    if (outcome === undefined) {
      const name = failure instanceof Error ? failure.name : String(failure);
      const isRefusal = name === "ConflictError" || (name === "AlreadyPublishedError" && !part.restate);
      return isRefusal ? faults : [...faults, `${runId} failed: ${String(failure)}`];
    }
    const publisher = this.runIds[outcome.revision - 1] ?? "nobody";
    const isTrue =
      outcome.status === "unchanged"
        ? isDeepStrictEqual(this.#dataOfRun.get(publisher), part.data)
        : publisher === runId;
    return isTrue ? faults : [...faults, `${runId} says ${outcome.status}, which nobody saw`];
  }
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
  /** A run over three banks makes 15 requests. */
  const dies = fc.integer({ min: 0, max: 15 });
  const data = fc.tuple(...bankIds.map(() => fc.integer({ min: 1, max: 3 })));
  const run = fc.record({
    data,
    restate: fc.boolean(),
    requestCount: fc.oneof({ weight: 4, arbitrary: fc.constant(lives) }, { weight: 1, arbitrary: dies }),
  });
  const scenarios = fc.record({
    /** A revision that is there before, or none. */
    published: fc.option(data),
    /** A run that died before. */
    dead: fc.option(fc.record({ data, restate: fc.boolean(), requestCount: dies })),
    runs: fc.tuple(run, run),
    /** Whose turn it is, for how many requests; from the start again when they are over. */
    turns: fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 16 }),
  });

  async function start(name: string, database: OtherDatabase, part: Part, watch: Watch): Promise<SteppedRun> {
    await setData(database, part.data);
    const started = new SteppedRun(name, database, part);
    watch.expects(started, part.data);
    await started.settled();
    return started;
  }

  async function stepToEnd(each: SteppedRun): Promise<SteppedRun> {
    while (!each.hasEnded) await each.step();
    return each;
  }

  async function openUploadIds(): Promise<string[]> {
    const { Uploads } = await world.s3.send(
      new ListMultipartUploadsCommand({ Bucket: world.bucket, Prefix: prefix }),
    );
    return (Uploads ?? []).map(({ UploadId }) => UploadId ?? "");
  }

  it("show a consumer nothing or one whole revision at every moment, and end in order", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async ({ published, dead, runs: parts, turns }) => {
        prefix = world.prefix();
        const watch = new Watch();
        const [one, other] = databases;
        const before: Part[] =
          published === null ? [] : [{ data: published, restate: false, requestCount: lives }];
        for (const part of [...before, ...(dead === null ? [] : [dead])]) {
          await stepToEnd(await start(part === dead ? "the dead one" : "the one before", one, part, watch));
          await watch.look();
        }

        const runs = [
          await start("one", one, parts[0], watch),
          await start("the other", other, parts[1], watch),
        ] as const;
        for (let turn = 0; runs.some(({ hasEnded }) => !hasEnded); turn++) {
          const [whose, count] = turns[turn % turns.length] ?? [0, 1];
          const [wanted, otherwise] = whose === 0 ? runs : [runs[1], runs[0]];
          const inTurn = wanted.hasEnded ? otherwise : wanted;
          for (let step = 0; step < count && !inTurn.hasEnded; step++) {
            const operation = await inTurn.step();
            // Other requests change nothing that can be seen.
            if (WRITE.test(operation)) await watch.look();
          }
        }

        const open = await openUploadIds();
        const faults = runs.flatMap((each, index) => {
          const part = parts[index === 0 ? 0 : 1];
          return part.requestCount === lives ? watch.faultsOf(each, part, open) : [];
        });
        expect(faults).toEqual([]);

        const last = { data: [4, 5, 6], restate: true, requestCount: lives };
        const quiet = await stepToEnd(await start("the quiet one", one, last, watch));
        await watch.look();
        expect(quiet.failure).toBeUndefined();
        expect(watch.runIds.at(-1)).toBe(quiet.runId);
        await expectInPlace(world, await world.manifest(month, prefix));
        expect(await openUploadIds()).toEqual([]);
        const { history } = await world.manifest(month, prefix);
        for (const entry of history) await readHistory(world, entry);
      }),
      { numRuns: 80 },
    );
  });
});

describe("a run whose answer is lost", () => {
  /** The request is carried out, but the run only learns that its connection broke, and tries again. */
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
  ])("to %s of %s finds its own object by its second try", async (operation, keyEnd) => {
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

  it("and whose object was replaced before its second try does not take the other's for its own", async () => {
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
