/** The steps of a rotation against a real PostgreSQL, for a single user and for two users that alternate. */
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { storedPassword } from "../../../src/rotation/stored-password";
import { accepts, newPassword, Rotations, type Secret, steps } from "../../support/rotation";
import { asTest, World } from "../../support/world";

let world: World;
let rotations: Rotations;

beforeAll(async () => (world = await World.create("empty")));
afterAll(() => world.close());
beforeEach(() => {
  world.aws.putSecret(world.secretId, world.secret);
});
afterEach(() => rotations.close());

/** The password of a role, as the server stores it. */
async function stored(role: string): Promise<string> {
  const [row] = await world.sql<{ rolpassword: string }>(
    "select rolpassword from pg_authid where rolname = $1",
    [role],
  );
  return row?.rolpassword ?? "";
}

const failure = (action: Promise<unknown>): Promise<unknown> =>
  action.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Puts a version at AWSPENDING, as a person could. */
async function putPending(versionId: string, secret: object): Promise<void> {
  const client = new SecretsManagerClient({ ...world.aws.clientConfig, ...asTest });
  await client.send(
    new PutSecretValueCommand({
      SecretId: rotations.secretId,
      ClientRequestToken: versionId,
      SecretString: JSON.stringify(secret),
      VersionStages: ["AWSPENDING"],
    }),
  );
  client.destroy();
}

/** A secret of its own, for a role of its own. */
async function rotated(name: string, secretId: string, extra: object = {}): Promise<Secret> {
  const roles = new Rotations(world, secretId);
  rotations = roles;
  const secret = { ...(await roles.createRole(name)), ...extra };
  await world.sql(`grant select on all tables in schema public to "${name.replaceAll('"', '""')}"`);
  world.aws.putSecret(secretId, secret);
  return secret;
}

describe("the rotation of a single user", () => {
  it("gives the user a new password and makes it the secret's, which otherwise stays the same", async () => {
    const before = await rotated("single", "rotation/single", { note: { kept: true } });
    await rotations.rotate();
    const after = await rotations.secret();
    expect(after).toEqual({ ...before, password: expect.stringMatching(/^[A-Za-z0-9]{32}$/) as string });
    expect(await rotations.secret("AWSPREVIOUS")).toEqual(before);
    expect([await accepts(world, after), await accepts(world, before)]).toEqual([true, false]);
  });

  it("takes each step as often as it is asked to", async () => {
    await rotated("repeated", "rotation/repeated");
    const versionId = await rotations.start();
    const outcomes = [];
    for (const step of [...steps, ...steps]) {
      for (const attempt of ["first", "second"]) {
        const { outcome } = await rotations.take(step, versionId);
        outcomes.push(`${step}, ${attempt}: ${outcome}`);
      }
    }
    expect(outcomes.filter((line) => line.endsWith(": done"))).toEqual([
      "createSecret, first: done",
      "setSecret, first: done",
      "testSecret, first: done",
      "testSecret, second: done",
      "finishSecret, first: done",
    ]);
    expect(await accepts(world, await rotations.secret())).toBe(true);
  });

  it("quotes a name with spaces, quotes and capital letters", async () => {
    const before = await rotated(`Robert"; drop table bank; --'`, "rotation/quoted");
    await rotations.rotate();
    const after = await rotations.secret();
    expect([await accepts(world, after), await accepts(world, before)]).toEqual([true, false]);
  });

  it("works if a person has put back the password of the version before", async () => {
    const first = await rotated("restored", "rotation/restored");
    await rotations.rotate();
    await world.sql(`alter role restored password '${first.password}'`);
    await rotations.rotate();
    expect(await accepts(world, await rotations.secret())).toBe(true);
  });

  it("stores the password by the server's method, which a role's own setting may replace", async () => {
    await rotated("by_method", "rotation/by-method");
    await rotations.rotate();
    expect(await stored("by_method")).toMatch(/^SCRAM-SHA-256\$4096:/);
    await world.sql("alter role by_method set password_encryption = 'md5'");
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    await rotations.take("setSecret", versionId);
    expect(await stored("by_method")).toMatch(/^md5[0-9a-f]{32}$/);
  });

  it("computes the stored password as PostgreSQL does", async () => {
    await rotated("computed", "rotation/computed");
    for (const method of ["scram-sha-256", "md5"]) {
      const password = `${newPassword()} '"\\$%`;
      await world.sql(
        `set password_encryption = '${method}'; alter role computed password '${password.replaceAll("'", "''")}'`,
      );
      const found = await stored("computed");
      const salt = Buffer.from(/:([^$]+)\$/.exec(found)?.[1] ?? "", "base64");
      const iterations = Number(/\$(\d+):/.exec(found)?.[1] ?? 0);
      // Not by a matcher that prints both.
      expect((await storedPassword("computed", password, { method, iterations }, salt)) === found).toBe(true);
    }
    await world.sql("reset password_encryption");
  });

  it("fails if no version of the secret has the user's password, and changes nothing", async () => {
    const before = await rotated("forgotten", "rotation/forgotten");
    await world.sql(`alter role forgotten password '${newPassword()}'`);
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    expect(await failure(rotations.take("setSecret", versionId))).toMatchObject({
      name: "CredentialsError",
      message: expect.stringContaining("refused the user forgotten") as string,
      hint: expect.stringContaining("Set it in the database to that of AWSCURRENT") as string,
    });
    expect(await rotations.secret()).toEqual(before);
    // When a person has followed the hint, the same step succeeds.
    await world.sql(`alter role forgotten password '${before.password}'`);
    for (const step of steps.slice(1)) await rotations.take(step, versionId);
    expect(await accepts(world, await rotations.secret())).toBe(true);
  });
});

it("is worth a retry if the server has no room for the user's connection", async () => {
  await rotated("crowded", "rotation/crowded");
  const versionId = await rotations.start();
  await rotations.take("createSecret", versionId);
  await world.sql("alter role crowded connection limit 0");
  expect(await failure(rotations.take("setSecret", versionId))).toMatchObject({
    ...{ name: "DatabaseUnavailableError", retry: true },
  });
  await world.sql("alter role crowded connection limit -1");
  await rotations.take("setSecret", versionId);
});

describe("the rotation of alternating users", () => {
  let master: Secret;

  /** A user and a master that is no superuser, as on Aurora. */
  async function alternating(name: string, secretId: string): Promise<Secret> {
    const secret = await rotated(name, secretId, {
      masterarn: world.aws.putSecret(`${secretId}/master`, {}),
    });
    master = await rotations.createRole(`${name}_master`, "createrole");
    await world.sql(`grant ${name} to ${name}_master with admin option`);
    // As RDS manages it: a user and a password, and no address.
    const { username, password } = master;
    world.aws.putSecret(`${secretId}/master`, { username, password });
    rotations.expectRole(`${name}_clone`);
    return secret;
  }

  it("creates a clone with the rights of the user, then changes each password in turn", async () => {
    const first = await alternating("alternating", "rotation/alternating");
    await rotations.rotate();
    const second = await rotations.secret();
    expect(second?.username).toBe("alternating_clone");
    // The user before keeps its password until the next rotation.
    expect([await accepts(world, first), await accepts(world, second)]).toEqual([true, true]);
    await rotations.rotate();
    const third = await rotations.secret();
    expect(third?.username).toBe("alternating");
    expect(await Promise.all([first, second, third].map((secret) => accepts(world, secret)))).toEqual([
      false,
      true,
      true,
    ]);
    await rotations.rotate();
    const fourth = await rotations.secret();
    expect(fourth?.username).toBe("alternating_clone");
    expect(await Promise.all([second, third, fourth].map((secret) => accepts(world, secret)))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("takes each step as often as it is asked to", async () => {
    await alternating("again", "rotation/again");
    for (const user of ["again_clone", "again"]) {
      const versionId = await rotations.start();
      for (const step of steps) {
        await rotations.take(step, versionId);
        await rotations.take(step, versionId);
      }
      const secret = await rotations.secret();
      expect([secret?.username, await accepts(world, secret)]).toEqual([user, true]);
    }
  });

  it("connects to the server that the master's own secret names", async () => {
    const secret = await alternating("addressed", "rotation/addressed");
    // For example a reader, which can't change a password.
    world.aws.putSecret(rotations.secretId, { ...secret, host: "127.0.0.2", port: 9 });
    world.aws.putSecret(`${rotations.secretId}/master`, { ...world.secret, ...master });
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    // The new login is first tried on the user's own server.
    expect(await failure(rotations.take("setSecret", versionId))).toMatchObject({
      name: "DatabaseUnavailableError",
    });
    const { host, port } = world.secret;
    const environment = { DB_HOST: String(host), DB_PORT: String(port) };
    await rotations.take("setSecret", versionId, { environment });
    await rotations.take("testSecret", versionId, { environment });
  });

  it("fails if the clone has lost the rights of its user", async () => {
    await alternating("lost", "rotation/lost");
    await rotations.rotate();
    await rotations.rotate();
    await world.sql("revoke lost from lost_clone granted by lost_master");
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    await rotations.take("setSecret", versionId);
    expect(await failure(rotations.take("testSecret", versionId))).toMatchObject({
      name: "QueryError",
      message: "the user lost_clone doesn't have the rights of lost",
      hint: expect.stringContaining('grant "lost" to "lost_clone"') as string,
    });
    expect((await rotations.secret())?.username).toBe("lost");
  });

  it("fails if the user that has the rights was dropped", async () => {
    const secret = await alternating("dropped", "rotation/dropped");
    await rotations.rotate();
    await world.sql("drop owned by dropped; drop role dropped");
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    expect(await failure(rotations.take("setSecret", versionId))).toMatchObject({
      name: "QueryError",
      message: expect.stringContaining(`the user ${secret.username} doesn't exist`) as string,
    });
  });

  it("fails with a hint if the master may not create a user, and names no password", async () => {
    await alternating("forbidden", "rotation/forbidden");
    await world.sql("alter role forbidden_master nocreaterole");
    const versionId = await rotations.start();
    await rotations.take("createSecret", versionId);
    const error = await failure(rotations.take("setSecret", versionId));
    expect(error).toMatchObject({
      name: "QueryError",
      message: expect.stringContaining("42501") as string,
      hint: expect.stringContaining("needs createrole") as string,
    });
    const { password = "" } = (await rotations.secret("AWSPENDING")) ?? {};
    expect(JSON.stringify(error).includes(password) || String(error).includes("SCRAM")).toBe(false);
  });

  it("fails if the user's name leaves no room for the clone's", async () => {
    const name = "n".repeat(58);
    await rotated(name, "rotation/long", { masterarn: "any" });
    const versionId = await rotations.start();
    expect(await failure(rotations.take("createSecret", versionId))).toMatchObject({
      name: "CredentialsError",
      message: expect.stringContaining("more than 63 bytes") as string,
    });
  });
});

describe("a step that the secret is not waiting for", () => {
  const versionId = "00000000-0000-4000-8000-000000000001";

  it.each([
    ["an unknown step", { Step: "dropSecret", SecretId: "test/ods", ClientRequestToken: versionId }],
    ["no secret", { Step: "createSecret", ClientRequestToken: versionId }],
    ["no event", undefined],
  ])("is refused: %s", async (_, event) => {
    rotations = new Rotations(world);
    expect(await failure(world.rotate(event))).toMatchObject({
      name: "RequestError",
      message: "this event is not a step of a rotation",
    });
  });

  it("is refused before the rotation is switched on", async () => {
    await rotated("off", "rotation/off");
    expect(await failure(rotations.take("createSecret", versionId))).toMatchObject({
      name: "RequestError",
      message: "the secret rotation/off can't be rotated: its rotation is not switched on",
      hint: expect.stringContaining("rotation_days") as string,
    });
  });

  it("is refused for a version that the secret doesn't have, or that is not the next one", async () => {
    await rotated("other", "rotation/other");
    const first = await rotations.start();
    for (const step of steps) await rotations.take(step, first);
    const second = await rotations.start();
    expect(await failure(rotations.take("createSecret", versionId))).toMatchObject({
      message: `the secret rotation/other can't be rotated: it has no version ${versionId}`,
    });
    for (const step of steps) await rotations.take(step, second);
    await rotations.start();
    expect(await failure(rotations.take("finishSecret", first))).toMatchObject({
      message: `the secret rotation/other can't be rotated: its version ${first} has not the label AWSPENDING`,
    });
  });

  it("is refused if the version has no value yet", async () => {
    await rotated("empty", "rotation/empty");
    const started = await rotations.start();
    expect(await failure(rotations.take("setSecret", started))).toMatchObject({
      name: "CredentialsError",
      message: `the version ${started} of the secret rotation/empty has no value`,
    });
  });

  it("is refused if the version is for another user, whose password it would change", async () => {
    const secret = await rotated("mine", "rotation/mine");
    const started = await rotations.start();
    await putPending(started, { ...secret, username: "ods", password: newPassword() });
    expect(await failure(rotations.take("setSecret", started))).toMatchObject({
      name: "CredentialsError",
      message: `the version ${started} of the secret rotation/mine is for the user ods instead of mine`,
    });
  });

  it("is refused if the version's password could be normalised in different ways", async () => {
    const secret = await rotated("accented", "rotation/accented");
    const started = await rotations.start();
    await putPending(started, { ...secret, password: `${newPassword()}é` });
    expect(await failure(rotations.take("setSecret", started))).toMatchObject({
      name: "CredentialsError",
      message: "the new password of accented has other than printable ASCII characters",
      hint: expect.stringMatching(
        /^Remove the label AWSPENDING from the secret's version, then rotate/,
      ) as string,
    });
  });

  it("is refused if the current version is malformed, without a word of its text", async () => {
    rotations = new Rotations(world, "rotation/malformed");
    const text = newPassword();
    world.aws.putSecret("rotation/malformed", text);
    const started = await rotations.start();
    const error = (await failure(rotations.take("createSecret", started))) as Error;
    expect(error.message).toBe("the secret rotation/malformed is malformed: it is not JSON");
  });
});
