/**
 * A rotation by the program's own function, while runs are under way, and while the world breaks: at every moment a run
 * can log in, and the rotation ends right when Secrets Manager repeats its steps.
 */
import { credentialsToTry } from "../../../src/platform/database/credentials";
import { withConnection } from "../../../src/platform/database/connection";
import { withDeadline } from "../../../src/platform/deadline";
import { parseExtractSettings } from "../../../src/extract/settings";
import { expectPublished, type FaultyRun } from "../../support/fault";
import { PrivateServer, primary } from "../../support/private-server";
import { Proxy } from "../../support/proxy";
import { accepts, Rotations, type Step, steps } from "../../support/rotation";
import { testServer } from "../../support/test-server";
import { stagedAsUploads, World } from "../../support/world";

jest.setTimeout(60_000);

let world: World;
let rotations: Rotations;

beforeEach(async () => {
  world = await World.create("seeded", stagedAsUploads);
  rotations = new Rotations(world);
});
afterEach(async () => {
  await rotations.close();
  await world.close();
});

const user = () => String(world.secret["username"]);

/** Lets the world's user alternate with a clone, by a master that is no superuser. */
async function alternate(): Promise<void> {
  const { username, password } = await rotations.createRole(`${user()}_master`, "createrole");
  await world.sql(`grant ${user()} to ${username} with admin option`);
  const masterarn = world.aws.putSecret("master", { username, password });
  world.aws.putSecret(world.secretId, { ...world.secret, masterarn });
  rotations.expectRole(`${user()}_clone`);
}

const strategies = [
  ["of a single user", () => Promise.resolve()],
  ["of alternating users", alternate],
] as const;

/** A run below a prefix of its own. */
function run(): FaultyRun {
  return { world, options: { environment: { EXTRACT_PREFIX: world.prefix() } } };
}

/** Logs in and reads as a run does. */
async function expectLogin(): Promise<void> {
  const settings = parseExtractSettings(world.environment).database;
  const text = "select count(*) from bank";
  await withDeadline(10_000, "", async (deadline) => {
    const secretsManager = await world.clients("extract").secretsManager();
    const candidates = credentialsToTry(secretsManager, settings, deadline.signal);
    await withConnection(settings, candidates, deadline, async (connection) => {
      const snapshot = await connection.openSnapshot();
      expect(await snapshot.query({ name: "banks", text, sha256: "" })).toEqual([["4"]]);
    });
  });
}

/** Secrets Manager's view of a finished rotation, and the database's. */
async function expectRotated(before: string): Promise<void> {
  const [current, previous] = [await rotations.secret(), await rotations.secret("AWSPREVIOUS")];
  expect(current?.password === before).toBe(false);
  expect(previous?.password === before).toBe(true);
  expect(await accepts(world, current)).toBe(true);
  await expectLogin();
}

describe.each(strategies)("while the password is rotated, a rotation %s", (_, prepare) => {
  it("lets a run that starts after any of its steps publish", async () => {
    await prepare();
    const { password: before = "" } = (await rotations.secret()) ?? {};
    const versionId = await rotations.start();
    await expectPublished(run());
    for (const step of steps) {
      await rotations.take(step, versionId);
      await expectPublished(run());
    }
    await expectRotated(before);
  });

  it.each(["GetSecretValue", "CreateMultipartUpload", "CompleteMultipartUpload"])(
    "lets a run during which it begins and ends publish: at %s",
    async (operation) => {
      await prepare();
      const { password: before = "" } = (await rotations.secret()) ?? {};
      let hasBegun = false;
      world.aws.onRequest(async (event) => {
        if (hasBegun || event.operation !== operation) return undefined;
        hasBegun = true;
        await rotations.rotate();
        return undefined;
      });
      await expectPublished(run());
      expect(hasBegun).toBe(true);
      await expectRotated(before);
    },
  );

  it.each(["never arrives", "is carried out, but its answer is lost"])(
    "ends right when it is killed at each of its requests and repeats the step: the request %s",
    async (fate) => {
      await prepare();
      let killedCount = 0;
      for (const step of steps) {
        for (let nth = 1; ; nth++) {
          const { password: before = "" } = (await rotations.secret()) ?? {};
          const versionId = await rotations.start();
          const wasKilled = await takeUntilKilled(versionId, step, nth, fate === "never arrives");
          if (wasKilled) killedCount += 1;
          await expectLogin();
          for (const each of steps.slice(steps.indexOf(step))) await rotations.take(each, versionId);
          await expectRotated(before);
          if (!wasKilled) break;
        }
      }
      // Each step describes the secret, and does at least one thing more.
      expect(killedCount).toBeGreaterThanOrEqual(2 * steps.length);
    },
  );

  it("ends right when it loses the database at any moment and repeats the step", async () => {
    await prepare();
    const proxy = await Proxy.create(testServer());
    const options = { environment: proxy.environment };
    const losses: unknown[] = [];
    // The whole conversation is shorter than the last of these.
    for (const bytes of [1, 100, 400, 500, 600, 700, 800, 900, 1000, 5000]) {
      const { password: before = "" } = (await rotations.secret()) ?? {};
      const versionId = await rotations.start();
      await rotations.take("createSecret", versionId);
      proxy.script = { after: { bytes }, then: "reset" };
      await rotations.take("setSecret", versionId, options).catch((error: unknown) => losses.push(error));
      proxy.script = { pass: true };
      await expectLogin();
      for (const step of steps.slice(1)) await rotations.take(step, versionId, options);
      await expectRotated(before);
    }
    await proxy.close();
    expect(losses.length).toBeGreaterThan(5);
    for (const error of losses)
      expect(error).toMatchObject({ name: "DatabaseUnavailableError", exitCode: 75 });
  });
});

/** Takes the steps up to this one, and kills it at its nth request. @returns false if it has fewer requests. */
async function takeUntilKilled(
  versionId: string,
  step: Step,
  nth: number,
  isLost: boolean,
): Promise<boolean> {
  for (const before of steps.slice(0, steps.indexOf(step))) await rotations.take(before, versionId);
  const controller = new AbortController();
  let count = 0;
  const remove = world.aws.onRequest(({ attempt }) => {
    if (attempt === 1 && ++count !== nth) return undefined;
    // The process is gone before it can try again.
    if (attempt > 1 || isLost) controller.abort(new Error("killed"));
    return attempt > 1 || isLost ? { hang: true } : { reset: true, after: "handled" };
  });
  const outcome = await rotations
    .take(step, versionId, { stop: controller.signal })
    .catch((error: unknown) => error);
  remove();
  if (!controller.signal.aborted) return false;
  expect(String(outcome)).toContain("killed");
  return true;
}

describe("a rotation", () => {
  it("whose first step runs several times at once keeps one password", async () => {
    const versionId = await rotations.start();
    await Promise.all([1, 2, 3].map(() => rotations.take("createSecret", versionId)));
    const { password: before = "" } = (await rotations.secret()) ?? {};
    for (const step of steps.slice(1)) await rotations.take(step, versionId);
    await expectRotated(before);
  });

  it("fails with a retryable error while Secrets Manager doesn't answer", async () => {
    const versionId = await rotations.start();
    world.aws.onRequest(({ operation }) =>
      operation === "GetRandomPassword"
        ? { respond: { status: 500, code: "InternalServiceError", message: "On purpose." } }
        : undefined,
    );
    await expect(rotations.take("createSecret", versionId)).rejects.toMatchObject({
      name: "DatabaseUnavailableError",
      exitCode: 75,
      message: expect.stringContaining(`did not answer for the secret ${world.secretId}`) as string,
    });
  });

  it("ends at its deadline when the database doesn't answer", async () => {
    const proxy = await Proxy.create(testServer());
    proxy.script = { silentFromTheStart: true };
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    await expect(
      rotations.take("setSecret", versionId, { environment: proxy.environment, timeLimitMs: 300 }),
    ).rejects.toMatchObject({ name: "DeadlineError" });
    await proxy.close();
  });

  describe("on a server of its own", () => {
    let server: PrivateServer;

    beforeEach(async () => {
      const log = { log_statement: "all", log_min_duration_statement: "0", logging_collector: "on" };
      server = await PrivateServer.create(world, { ...primary, ...log });
    });
    afterEach(() => server.close());

    it("sends no password to the server, whose log shows every statement, and can't change one on a reader", async () => {
      const options = { environment: server.environment };
      const versionId = await rotations.start();
      await rotations.take("createSecret", versionId);
      const reader = await server.standby();
      try {
        await reader.ready();
        await expect(
          rotations.take("setSecret", versionId, { environment: reader.environment }),
        ).rejects.toMatchObject({
          name: "QueryError",
          hint: "The host in the secret, or DB_HOST, is a reader: a rotation needs the writer.",
        });
      } finally {
        await reader.close();
      }

      for (const step of steps.slice(1)) await rotations.take(step, versionId, options);
      const [row] = await server.sql<{ log: string }>("select pg_read_file(pg_current_logfile()) as log");
      const { log = "" } = row ?? {};
      expect(log).toContain(`alter role ${user()} password 'SCRAM-SHA-256$`);
      const { password = "" } = (await rotations.secret()) ?? {};
      // Not by the matcher, which would print the log.
      expect([password.length > 20, log.includes(password)]).toEqual([true, false]);
    });
  });
});
