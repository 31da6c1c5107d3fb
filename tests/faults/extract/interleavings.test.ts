/**
 * Every order in which the requests of two runs can reach the bucket, not some of them. The program's own code runs
 * against a bucket in memory, one request at a time. `docs/decisions/14-every-order.md` describes how, and what was
 * found; `tests/support/publication-rules.ts` has the rules.
 *
 * The bound: two runs of the same months; two banks or three, each with a file of one part, held in memory or staged as an
 * upload; the data changes once, at any moment; one fault at most, at any request. A run's own parallel requests come in
 * every order, except that with faults, for two months or three banks, it stages one file after the other.
 */
import fc from "fast-check";

import { Behaviour, runAlone } from "../../support/behaviour";
import { Broken, Explorer, type Scenario, type Step } from "../../support/explorer";
import { expectedFiles, readTables } from "../../support/figures";
import { MemoryBucket } from "../../support/memory-bucket";
import { type Contents, PublicationRules } from "../../support/publication-rules";
import { type Recording, recordRun } from "../../support/recorded-database";
import { Replay, resultOf } from "../../support/replay";
import type { Bug } from "../../support/stepped-run";
import { stagedAsUploads, World } from "../../support/world";

jest.setTimeout(300_000);

/** The amounts of the banks' loans: what may be published before the two runs, what they find first, and last. */
const histories = {
  "one file changes, then another": [
    [1, 1],
    [2, 1],
    [1, 2],
  ],
  "both files change": [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  "three files change": [
    [1, 1, 1],
    [2, 2, 2],
    [3, 3, 3],
  ],
} as const;
const [BEFORE, FIRST, LAST] = [0, 1, 2];

const ranges = {
  "one month": { from: "2026-09", to: "2026-09" },
  "two months": { from: "2026-08", to: "2026-09" },
} as const;

const ways = { "files held in memory": {}, "files staged as uploads": stagedAsUploads } as const;

interface Case {
  readonly files: keyof typeof ways;
  readonly range: keyof typeof ranges;
  readonly data: keyof typeof histories;
  readonly lock: "a common lock" | "no common lock";
  readonly before: "nothing is published" | "older data is published";
  readonly restate: "neither may restate" | "one may restate" | "both may restate";
  readonly faults: "no fault" | "one fault";
}

/** What a run reads of each history, and what its files must be. */
type Source = Contents & { readonly recordings: readonly Recording[] };
const sources = new Map<string, Source>();
/** Kept from case to case, since a run does the same in each. */
const behaviours = new Map<string, Behaviour>();

beforeAll(async () => {
  const world = await World.create("empty");
  try {
    let bankCount = 0;
    for (const data of Object.keys(histories) as Case["data"][]) {
      while (bankCount < histories[data][0].length) await addBank(world, ++bankCount);
      for (const range of Object.keys(ranges) as Case["range"][]) {
        sources.set(`${range}, ${data}`, await readSource(world, range, data));
      }
    }
  } finally {
    await world.close();
  }
});

/** Each bank has a loan in each month. */
async function addBank(world: World, id: number): Promise<void> {
  await world.sql("insert into bank values ($1, $2, 0)", [id, `Bank ${id}`]);
  await world.sql("insert into branch values ($1, $1, 'High Street')", [id]);
  await world.sql("insert into client values ($1, '', '', $1)", [id]);
  await world.sql("insert into account values ($1, 0, $1)", [id]);
  await world.sql("insert into loans values ($1, 0, $1, '2026-08-15'), ($1 + 10, 0, $1, '2026-09-15')", [id]);
}

async function readSource(world: World, range: Case["range"], data: Case["data"]): Promise<Source> {
  const months = [...new Set(Object.values(ranges[range]))];
  const recordings: Recording[] = [];
  const files: Map<string, Map<number, string>>[] = [];
  for (const amounts of histories[data]) {
    await world.sql("update loans set amount = ($1::int[])[account_idaccount]", [amounts]);
    recordings.push(await recordRun(world, ranges[range]));
    const tables = await readTables(world);
    files.push(new Map(months.map((month) => [month, expectedFiles(tables, month)])));
  }
  const snapshots = recordings.map((recording) => recording.get("source.sql")?.[0]?.[2] ?? "");
  return { months, recordings, snapshots, files };
}

function sourceOf({ range, data }: Case): Source {
  const source = sources.get(`${range}, ${data}`);
  if (source === undefined) throw new Error(`${range}, ${data}: not read`);
  return source;
}

function behaviourOf(name: string, each: Case, restate: boolean, bug?: Bug): Behaviour {
  const key = [name, each.files, each.range, each.data, restate, bug].join();
  const input = { ...ranges[each.range], restate };
  const variables = ways[each.files];
  const data = sourceOf(each).recordings;
  const order = { name, input, data, variables, ...(bug !== undefined && { bug }) };
  const behaviour = behaviours.get(key) ?? new Behaviour(order);
  behaviours.set(key, behaviour);
  return behaviour;
}

/** The next run, which clears up what the two have left. */
const nextRun = (each: Case) => behaviourOf("the next run", each, true);
const runBefore = (each: Case) => behaviourOf("the run before", each, false);

function twoRuns(each: Case, bug?: Bug): Behaviour[] {
  const { restate } = each;
  return [
    behaviourOf("A", each, restate !== "neither may restate", bug),
    behaviourOf("B", each, restate === "both may restate", bug),
  ];
}

async function scenarioOf(each: Case, runs = twoRuns(each)): Promise<Scenario> {
  const { range, data, lock, before, faults } = each;
  const empty = MemoryBucket.empty();
  const hasFaults = faults === "one fault";
  return {
    runs,
    bucket:
      before === "nothing is published" ? empty : (await runAlone(runBefore(each), empty, BEFORE)).bucket,
    sharesLock: lock === "a common lock",
    data: FIRST,
    faults: hasFaults ? ["dies", "repeated", "unanswered", "lost"] : [],
    faultCount: 1,
    stagesInOrder: hasFaults || range === "two months" || data === "three files change",
  };
}

function explorerOf(each: Case, scenario: Scenario): Explorer {
  const runners = [
    { name: "A", restates: each.restate !== "neither may restate" },
    { name: "B", restates: each.restate === "both may restate" },
  ];
  const clearUp = (bucket: MemoryBucket) => runAlone(nextRun(each), bucket, LAST);
  return new Explorer(scenario, new PublicationRules(sourceOf(each), runners, clearUp));
}

function casesOf(choices: { readonly [Name in keyof Case]: readonly Case[Name][] }): Case[] {
  let cases: Partial<Case>[] = [{}];
  for (const [name, values] of Object.entries(choices)) {
    cases = cases.flatMap((each) => values.map((value) => ({ ...each, [name]: value })));
  }
  return cases as Case[];
}

const files = Object.keys(ways) as Case["files"][];

const cases: Case[] = [
  ...casesOf({
    files,
    range: ["one month"],
    data: ["one file changes, then another"],
    lock: ["a common lock", "no common lock"],
    before: ["nothing is published", "older data is published"],
    restate: ["neither may restate", "one may restate", "both may restate"],
    faults: ["one fault"],
  }),
  ...casesOf({
    files,
    range: ["one month"],
    data: ["one file changes, then another", "both files change"],
    lock: ["no common lock"],
    before: ["nothing is published", "older data is published"],
    restate: ["both may restate"],
    faults: ["no fault"],
  }),
  ...casesOf({
    files,
    range: ["one month"],
    data: ["three files change"],
    lock: ["no common lock"],
    before: ["nothing is published", "older data is published"],
    restate: ["both may restate"],
    faults: ["no fault"],
  }),
  ...casesOf({
    files,
    range: ["two months"],
    data: ["both files change"],
    lock: ["a common lock"],
    before: ["older data is published"],
    restate: ["both may restate"],
    faults: ["one fault"],
  }),
  ...casesOf({
    files,
    range: ["two months"],
    data: ["one file changes, then another"],
    lock: ["no common lock"],
    before: ["older data is published"],
    restate: ["both may restate"],
    faults: ["no fault"],
  }),
];

/** With uploads, the right to restate multiplies the states and hardly changes them; the others have every case of it. */
const isRepetition = (each: Case): boolean =>
  each.files === "files staged as uploads" &&
  each.lock === "no common lock" &&
  each.before === "nothing is published" &&
  each.restate !== "both may restate";

/** These have most of all states. `npm run test:races` explores them too. */
const isLong = (each: Case): boolean =>
  process.env["ORDERS"] !== "all" &&
  each.files === "files staged as uploads" &&
  (each.range === "two months" || (each.lock === "no common lock" && each.restate === "both may restate"));

const named = cases
  .filter((each) => !isRepetition(each) && !isLong(each))
  .map((each) => [Object.values(each).join(", "), each] as const);

/** Prints how much a case is. */
function print(name: string, { stateCount }: Explorer, scheduleCount: bigint): void {
  const format = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  process.stdout.write(
    `${name}: ${format.format(stateCount)} states, ${format.format(scheduleCount)} schedules\n`,
  );
}

/** The fates of operations that have been seen over HTTP. */
const seenOverHttp = new Set<string>();

/** Random schedules of a case, each with something that none before had. */
async function sampleOf(explorer: Explorer): Promise<readonly (readonly Step[])[]> {
  const choices = fc.array(fc.nat(), { minLength: 200, maxLength: 200 });
  const sample: (readonly Step[])[] = [];
  for (const walk of fc.sample(choices, { seed: 1, numRuns: 100 })) {
    const schedule = await explorer.walk(walk);
    const before = seenOverHttp.size;
    for (const step of schedule) seenOverHttp.add(fateIn(step));
    if (seenOverHttp.size > before || sample.length === 0) sample.push(schedule);
  }
  return sample;
}

function fateIn(step: Step): string {
  return "question" in step ? `${step.does} ${step.question.split(" ")[0] ?? ""}` : step.does;
}

async function expectSameOverHttp(each: Case, explorer: Explorer, schedule: readonly Step[]): Promise<void> {
  const state = await explorer.follow(schedule);
  const replay = await Replay.start();
  try {
    if (each.before !== "nothing is published") await replay.runAlone(runBefore(each).order, BEFORE);
    const orders = twoRuns(each).map(({ order }) => order);
    const runs = await replay.follow(orders, schedule, FIRST);
    const ends = (all: readonly { readonly end: unknown }[]) => all.map(({ end }) => end);
    expect(ends(runs)).toEqual(ends(state.places.map(({ moment }) => moment)));
    expect(await replay.result()).toEqual(resultOf(state.bucket));

    const cleared = await runAlone(nextRun(each), state.bucket, LAST);
    const next = await replay.runAlone(nextRun(each).order, LAST);
    expect(next.end).toEqual(cleared.moment.end);
    expect(await replay.result()).toEqual(resultOf(cleared.bucket));
  } finally {
    await replay.close();
  }
}

describe("two runs, in every order of their requests,", () => {
  it.each(named)("break no rule, and a sample ends over HTTP as in memory: %s", async (name, each) => {
    const explorer = explorerOf(each, await scenarioOf(each));
    const scheduleCount = await explorer.explore();
    print(name, explorer, scheduleCount);
    const sample = each.lock === "no common lock" ? await sampleOf(explorer) : [];
    for (const schedule of sample) await expectSameOverHttp(each, explorer, schedule);
    expect(scheduleCount).toBeGreaterThan(BigInt(explorer.stateCount));
  });
});

describe("the explorer", () => {
  const each: Case = {
    files: "files staged as uploads",
    range: "one month",
    data: "both files change",
    lock: "no common lock",
    before: "older data is published",
    restate: "both may restate",
    faults: "no fault",
  };

  it.each<[Bug, string]>([
    ["reads the bucket after its snapshot", "older data has replaced newer data of 2026-09"],
    ["writes without conditions", "B has not restated 2026-09"],
  ])("finds the fault of a program that %s", async (bug, message) => {
    const explorer = explorerOf(each, await scenarioOf(each, twoRuns(each, bug)));
    const broken: unknown = await explorer.explore().catch((error: unknown) => error);
    expect(broken).toBeInstanceOf(Broken);
    expect((broken as Broken).message).toContain(message);
  });

  it("may take a run's answers without their order, which makes no difference to the run", async () => {
    const runs = twoRuns(each).map(({ order }) => new Behaviour(order, true));
    const scenario = await scenarioOf({ ...each, lock: "a common lock", faults: "one fault" }, runs);
    await explorerOf(each, { ...scenario, stagesInOrder: false }).explore();
    for (const { comparedCount } of runs) expect(comparedCount).toBeGreaterThan(100);
  });
});
