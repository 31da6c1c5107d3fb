/**
 * A run is killed, by SIGKILL, at every point at which publication could be left half done. Afterwards a consumer sees
 * nothing or one whole revision, and the next run of the month ends as if nothing had happened.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

import { COMMAND_LINE } from "../../support/command-line";
import { expectedFiles, readTables } from "../../support/figures";
import { Gate } from "../../support/gate";
import { fillLargeBank } from "../../support/large-bank";
import { expectInPlace, readHistory, readRevision } from "../../support/reader";
import { stagedAsUploads, World } from "../../support/world";
import { ROOT } from "../../support/root";

jest.setTimeout(60_000);

/** The child uses the real clock, so the month must have ended long ago. */
const month = "2024-05";

/** The request at which a run is killed. */
interface KillPoint {
  readonly operation: string;
  /** Which of the run's requests for this operation. */
  readonly nth: number;
  /**
   * What happens to the request. `lost`: it never arrives. `carried out`: it takes effect, but its answer never
   * arrives. `cut off`: the endpoint gets the part of it that the process had sent.
   */
  readonly fate: "lost" | "carried out" | "cut off";
}

/** Runs the command line until it reaches the point, and kills it there. */
async function dieAt(
  world: World,
  { operation, nth, fate }: KillPoint,
  prefix: string,
  flags: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const gate = new Gate();
  let count = 0;
  const remove = world.aws.onRequest((event) => {
    if (event.operation !== operation) return undefined;
    if (event.attempt === 1 && ++count !== nth) return undefined;
    // The process is killed only at its second try, to make sure that the first was carried out.
    if (fate === "carried out" && event.attempt === 1) return { reset: true, after: "handled" };
    return gate.hold();
  });
  // One process: a shell or a wrapper would receive the signal in its place.
  const child = spawn(process.execPath, [COMMAND_LINE, "extract", "--month", month, ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...world.environment, EXTRACT_PREFIX: prefix, ...variables },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  try {
    expect(await Promise.race([gate.reached.then(() => "at the point"), ended])).toBe("at the point");
  } finally {
    child.kill("SIGKILL");
    await ended;
    remove();
    gate.open(fate === "cut off" ? undefined : { reset: true });
  }
  await world.untilUnlocked();
}

/** The bytes that the tables give now, by bank id. */
async function filesOf(world: World): Promise<ReadonlyMap<number, string>> {
  return expectedFiles(await readTables(world), month);
}

/** The month is whole, its keys hold nothing else, and the killed run has left nothing behind. */
async function expectInOrder(world: World, prefix: string, files: ReadonlyMap<number, string>) {
  const revision = await readRevision(world, month, prefix);
  expect(revision?.files).toEqual(files);
  await expectInPlace(world, revision?.manifest);
  for (const entry of revision?.manifest.history ?? []) await readHistory(world, entry);
  expect(await world.openUploads(prefix)).toEqual([]);
  expect(await world.connections()).toBe(0);
}

async function outcomeOf(
  world: World,
  prefix: string,
  input: object = {},
  variables: Readonly<Record<string, string>> = {},
) {
  const environment = { EXTRACT_PREFIX: prefix, ...variables };
  const { months } = await world.run({ month, ...input }, { environment });
  return { status: months[0]?.status, revision: months[0]?.revision };
}

/** The fewest and the most uploads that a kill leaves open: the progress of the other banks' is a matter of chance. */
type Uploads = readonly [least: number, most: number];

/** Each with the uploads that a kill there leaves open, of four banks, the fourth without branches. */
const points: readonly (readonly [name: string, point: KillPoint, published: Uploads, restated: Uploads])[] =
  [
    [
      "before the first bank's upload is begun",
      { operation: "CreateMultipartUpload", nth: 1, fate: "lost" },
      [0, 3],
      [0, 3],
    ],
    [
      "after the first bank's upload is begun but before the answer arrives",
      { operation: "CreateMultipartUpload", nth: 1, fate: "carried out" },
      [1, 4],
      [1, 4],
    ],
    [
      "before the first bank's part arrives",
      { operation: "UploadPart", nth: 1, fate: "lost" },
      [1, 4],
      [1, 4],
    ],
    [
      "after half of the files are staged",
      { operation: "CreateMultipartUpload", nth: 3, fate: "lost" },
      [2, 3],
      [2, 3],
    ],
    [
      "after all files are staged but before the first is completed",
      { operation: "CompleteMultipartUpload", nth: 1, fate: "lost" },
      [4, 4],
      [4, 4],
    ],
    [
      "after the first file is completed but before the answer arrives",
      { operation: "CompleteMultipartUpload", nth: 1, fate: "carried out" },
      [3, 3],
      [3, 3],
    ],
    [
      "between two completions",
      { operation: "CompleteMultipartUpload", nth: 3, fate: "lost" },
      [1, 2],
      [2, 2],
    ],
    ["before the manifest is written", { operation: "PutObject", nth: 1, fate: "lost" }, [0, 0], [1, 1]],
  ];

const heldInMemory = { EXTRACT_HELD_MIB: "16" };

/** Of a run that holds the files of the four banks in memory. */
const pointsOfHeldFiles: readonly (readonly [name: string, point: KillPoint])[] = [
  ["before the first file is written", { operation: "PutObject", nth: 1, fate: "lost" }],
  [
    "after the first file is written but before the answer arrives",
    { operation: "PutObject", nth: 1, fate: "carried out" },
  ],
  ["between two files", { operation: "PutObject", nth: 3, fate: "lost" }],
  ["before the manifest is written", { operation: "PutObject", nth: 5, fate: "lost" }],
];

/** Here the month is published, although the run never gets the answer. */
const lastPoint: KillPoint = { operation: "PutObject", nth: 1, fate: "carried out" };

async function expectUploads([least, most]: Uploads): Promise<void> {
  const { length } = await world.openUploads(prefix);
  expect(length).toBeGreaterThanOrEqual(least);
  expect(length).toBeLessThanOrEqual(most);
}

let world: World;
beforeAll(async () => (world = await World.create("seeded", stagedAsUploads)));
afterAll(() => world.close());

let prefix: string;
beforeEach(() => (prefix = world.prefix()));

/** Makes every loan of the month bigger, so the bytes of all banks that have branches change. */
async function changeLoans(by = 1): Promise<void> {
  await world.sql(
    "update loans set amount = amount + $1 where loan_date between '2024-05-01' and '2024-05-31'",
    [by],
  );
}

describe("when a publishing run is killed", () => {
  it.each(points)(
    "%s, nothing is published, and the next run publishes the month",
    async (_, point, uploads) => {
      await dieAt(world, point, prefix);
      expect(await readRevision(world, month, prefix)).toBeUndefined();
      await expectUploads(uploads);

      expect(await outcomeOf(world, prefix)).toEqual({ status: "published", revision: 1 });
      await expectInOrder(world, prefix, await filesOf(world));
    },
  );

  it("after the manifest is written but before the answer arrives, the month is published, and the next run finds it unchanged", async () => {
    await dieAt(world, lastPoint, prefix);
    const files = await filesOf(world);
    expect((await readRevision(world, month, prefix))?.files).toEqual(files);

    expect(await outcomeOf(world, prefix)).toEqual({ status: "unchanged", revision: 1 });
    await expectInOrder(world, prefix, files);
  });
});

describe("when a restating run is killed", () => {
  it.each(points)(
    "%s, the old revision stays published, and the next run restates it",
    async (_, point, __, uploads) => {
      await outcomeOf(world, prefix);
      const before = await readRevision(world, month, prefix);
      await changeLoans();
      await dieAt(world, point, prefix, ["--restate"]);
      expect(await readRevision(world, month, prefix)).toEqual(before);
      await expectUploads(uploads);

      await expect(outcomeOf(world, prefix)).rejects.toMatchObject({ name: "AlreadyPublishedError" });
      expect(await readRevision(world, month, prefix)).toEqual(before);

      expect(await outcomeOf(world, prefix, { restate: true })).toEqual({ status: "restated", revision: 2 });
      await expectInOrder(world, prefix, await filesOf(world));
    },
  );

  it("after the manifest is written but before the answer arrives, the month is restated, and the next run finds it unchanged", async () => {
    await outcomeOf(world, prefix);
    await changeLoans();
    await dieAt(world, lastPoint, prefix, ["--restate"]);
    const files = await filesOf(world);
    expect((await readRevision(world, month, prefix))?.files).toEqual(files);
    // The bank whose bytes stay the same was staged too, and the run was killed before it aborted that upload.
    expect(await world.openUploads(prefix)).toHaveLength(1);

    expect(await outcomeOf(world, prefix, { restate: true })).toEqual({ status: "unchanged", revision: 2 });
    await expectInOrder(world, prefix, files);
  });

  it("between two completions and the data changes back, the next run repairs the old files", async () => {
    await outcomeOf(world, prefix);
    const before = await readRevision(world, month, prefix);
    await changeLoans(1);
    await dieAt(world, { operation: "CompleteMultipartUpload", nth: 3, fate: "lost" }, prefix, ["--restate"]);
    await changeLoans(-1);

    expect(await outcomeOf(world, prefix)).toEqual({ status: "repaired", revision: 2 });
    await expectInOrder(world, prefix, before?.files ?? new Map());
  });
});

describe("when a run that holds its files in memory is killed", () => {
  it.each(pointsOfHeldFiles)(
    "%s, nothing is published and no upload is open, and the next run publishes the month",
    async (_, point) => {
      await dieAt(world, point, prefix, [], heldInMemory);
      expect(await readRevision(world, month, prefix)).toBeUndefined();
      expect(await world.openUploads(prefix)).toEqual([]);

      const published = { status: "published", revision: 1 };
      expect(await outcomeOf(world, prefix, {}, heldInMemory)).toEqual(published);
      await expectInOrder(world, prefix, await filesOf(world));
    },
  );

  it("between two files of a restatement, the old revision stays published, and the next run restates it", async () => {
    await outcomeOf(world, prefix, {}, heldInMemory);
    const before = await readRevision(world, month, prefix);
    await changeLoans();
    await dieAt(world, { operation: "PutObject", nth: 3, fate: "lost" }, prefix, ["--restate"], heldInMemory);
    expect(await readRevision(world, month, prefix)).toEqual(before);

    const restated = { status: "restated", revision: 2 };
    expect(await outcomeOf(world, prefix, { restate: true }, heldInMemory)).toEqual(restated);
    await expectInOrder(world, prefix, await filesOf(world));
  });
});

describe("when a run with a file of several parts is killed", () => {
  let manyBranches: World;
  beforeAll(async () => {
    manyBranches = await World.create("empty", stagedAsUploads);
    await fillLargeBank(manyBranches);
  });
  afterAll(() => manyBranches.close());

  it("in the middle of a part, nothing is published, and the next run publishes the month", async () => {
    await dieAt(manyBranches, { operation: "UploadPart", nth: 1, fate: "cut off" }, prefix);
    expect(await readRevision(manyBranches, month, prefix)).toBeUndefined();
    expect(await manyBranches.openUploads(prefix)).toHaveLength(1);

    const writes = await manyBranches.operationsDuring(async () => {
      expect(await outcomeOf(manyBranches, prefix)).toEqual({ status: "published", revision: 1 });
    });
    expect(writes.filter((operation) => operation === "UploadPart")).toHaveLength(2);
    const [cutOff] = manyBranches.aws.requests.filter(({ query }) => query["partNumber"] === "1");
    expect(cutOff).not.toHaveProperty("status", 200);
    await expectInOrder(manyBranches, prefix, await filesOf(manyBranches));
  });
});
