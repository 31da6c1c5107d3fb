/** A file that can't be read is not a damaged file: verify ends in time with a retryable error. */
import { type BatchError, DeadlineError, StorageError } from "../../../src/platform/errors";
import type { Fault, RequestEvent } from "../../../local/aws/server";
import { commandLine } from "../../support/command-line";
import { type RunOptions, World } from "../../support/world";

jest.setTimeout(60_000);

const range = { from: "2026-08", to: "2026-09" };
const key = "FirstNational/2026/09/FirstNational_20260930.csv";
const manifestKey = "_manifests/2026/09.json";

let world: World;
beforeAll(async () => {
  world = await World.create("seeded");
  await world.run(range);
});
afterAll(() => world.close());

let remove: () => void = () => undefined;
afterEach(() => {
  remove();
});

/** Makes every request for the key fail in this way. */
function fail(failingKey: string, fault: Fault): void {
  remove = world.aws.onRequest((event: RequestEvent) => (event.key === failingKey ? fault : undefined));
}

async function failure(options: RunOptions): Promise<BatchError> {
  const error: unknown = await world.verify(range, options).then(
    () => new Error("verify succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ retry: true, exitCode: 75, done: ["2026-08"] });
  return error as BatchError;
}

describe.each([
  ["a file", key],
  ["a manifest", manifestKey],
])("when verify can't read %s of a month", (_, unreadableKey) => {
  const where = `s3://extracts/${unreadableKey}`;

  it("because S3 answers 503 every time, it fails with a retryable error", async () => {
    fail(unreadableKey, { respond: { status: 503, code: "SlowDown", message: "Please reduce your rate." } });
    const error = await failure({});
    expect(error).toBeInstanceOf(StorageError);
    expect(error.message).toMatch(`2026-09 could not be verified: S3 did not read ${where}: SlowDown`);
  });

  it("because S3 stops in the middle of the body, it fails after the limit on idle time", async () => {
    fail(unreadableKey, { stall: true });
    const error = await failure({ aws: world.clients("verify", { idleTimeoutMs: 500 }) });
    expect(error).toBeInstanceOf(StorageError);
    expect(error.message).toMatch(`2026-09 could not be verified: S3 did not read ${where}: TimeoutError`);
  });

  it.each([
    ["before S3 answers", { hang: true }],
    ["in the middle of the body", { stall: true }],
  ] as const)("because the time is up %s, it fails with a DeadlineError", async (_when, fault) => {
    fail(unreadableKey, fault);
    const error = await failure({ timeLimitMs: 1500 });
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error.message).toBe(
      `2026-09 could not be verified: the time limit of 2 s is reached; S3 did not read ${where} in time`,
    );
    expect(error.hint).toBe("Give it more time.");
  });
});

describe("verify", () => {
  it("prints the finished months and their problems before it fails", async () => {
    fail(manifestKey, { respond: { status: 503, code: "SlowDown", message: "Please reduce your rate." } });
    const flags = ["verify", "--from", "2026-07", "--to", "2026-09"];
    const { exitCode, stdout, stderr } = await commandLine([...flags, "--json"], world.environment);
    expect(exitCode).toBe(75);
    expect(JSON.parse(stdout)).toMatchObject({
      months: [
        { month: "2026-07", status: "missing" },
        { month: "2026-08", status: "verified" },
      ],
    });
    expect(stderr).toContain("2026-07  missing\n2026-08  verified, revision 1\n");
    expect(stderr).toContain("Error: 2026-09 could not be verified: S3 did not read");
    expect(stderr).toContain(
      "; found before that: loan_moving_average of 2026-07 is not published: there is no _manifests/2026/07.json\n",
    );
    expect(stderr).toContain("Done:  2026-07, 2026-08");
    const plain = await commandLine(flags, world.environment);
    expect([plain.exitCode, plain.stdout]).toEqual([75, "2026-07  missing\n2026-08  verified, revision 1\n"]);
  });
});
