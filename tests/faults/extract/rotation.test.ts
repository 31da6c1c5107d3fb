/**
 * The database's password changes, by real ALTER ROLE and by the steps that Secrets Manager's rotation takes, at
 * every moment at which a run could meet it.
 */
import { randomBytes } from "node:crypto";

import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type { Context } from "aws-lambda";

import { extract } from "../../../src/extract/lambda";
import { expectFailure, expectPublished, type FaultyRun } from "../../support/fault";
import { asTest, World } from "../../support/world";

jest.setTimeout(60_000);

let world: World;
let secretsManager: SecretsManagerClient;
let secrets: string[];

beforeEach(async () => {
  world = await World.create("seeded");
  secretsManager = new SecretsManagerClient({ ...world.aws.clientConfig, ...asTest });
  secrets = [];
});
afterEach(async () => {
  secretsManager.destroy();
  await world.close();
});

function newPassword(): string {
  const password = randomBytes(18).toString("base64url");
  secrets.push(password);
  return password;
}

const user = () => String(world.secret["username"]);

async function setPassword(password: string, role = user()): Promise<void> {
  await world.sql(`alter role ${role} password '${password}'`);
}

/** A run below a prefix of its own. */
function run(): FaultyRun {
  return { world, secrets, options: { environment: { EXTRACT_PREFIX: world.prefix() } } };
}

/** What is put at AWSPENDING, as createSecret does. */
async function createSecret(secret: object): Promise<void> {
  await secretsManager.send(
    new PutSecretValueCommand({
      SecretId: world.secretId,
      SecretString: JSON.stringify(secret),
      VersionStages: ["AWSPENDING"],
    }),
  );
}

/** AWSCURRENT moves to what is at AWSPENDING, which stays there as well, as finishSecret leaves it. */
async function finishSecret(): Promise<void> {
  const { VersionIdsToStages = {} } = await secretsManager.send(
    new DescribeSecretCommand({ SecretId: world.secretId }),
  );
  const at = (stage: string) =>
    Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes(stage))?.[0];
  await secretsManager.send(
    new UpdateSecretVersionStageCommand({
      SecretId: world.secretId,
      VersionStage: "AWSCURRENT",
      MoveToVersionId: at("AWSPENDING"),
      RemoveFromVersionId: at("AWSCURRENT"),
    }),
  );
}

/** How often the secret was read. */
function reads(): number {
  return world.aws.requests.filter(({ operation }) => operation === "GetSecretValue").length;
}

describe("the password changes", () => {
  it("between the reading of the secret and the connection: the secret is read again, and the run succeeds", async () => {
    const password = newPassword();
    // The role has the new password before the first answer, which is still the old secret's.
    await setPassword(password);
    let readCount = 0;
    world.aws.onRequest(({ operation }) => {
      if (operation === "GetSecretValue" && ++readCount === 2) {
        world.aws.putSecret(world.secretId, { ...world.secret, password });
      }
      return undefined;
    });
    await expectPublished(run());
    expect(readCount).toBe(2);
  });

  it("while a run is connected: it is not disturbed", async () => {
    const password = newPassword();
    let isChanged = false;
    world.aws.onRequest(async ({ operation }) => {
      if (operation !== "UploadPart" || isChanged) return undefined;
      isChanged = true;
      await setPassword(password);
      world.aws.putSecret(world.secretId, { ...world.secret, password });
      return undefined;
    });
    await expectPublished(run());
    expect(isChanged).toBe(true);
    await expectPublished(run());
  });

  it("and no secret knows it: the run fails, says that each was read afresh, and tells none", async () => {
    await createSecret({ ...world.secret, password: newPassword() });
    await setPassword(newPassword());
    const before = reads();
    await expectFailure(run(), {
      name: "CredentialsError",
      exitCode: 1,
      message: [`database ${world.database}`, `refused the user ${user()}`, "password authentication failed"],
      hint: "read again for each attempt",
    });
    expect(reads() - before).toBe(3);
  });

  it("and Secrets Manager fails just then: the run fails and is worth a retry", async () => {
    await setPassword(newPassword());
    world.aws.onRequest(({ operation }) =>
      operation === "GetSecretValue" && reads() > 1
        ? { respond: { status: 500, code: "InternalServiceError", message: "On purpose." } }
        : undefined,
    );
    await expectFailure(run(), {
      name: "DatabaseUnavailableError",
      exitCode: 75,
      message: [`did not return the secret ${world.secretId}`],
      hint: "Wait a few minutes",
    });
  });
});

describe("a run succeeds at each step of a rotation", () => {
  it("of a single user", async () => {
    const password = newPassword();
    await expectPublished(run());
    await createSecret({ ...world.secret, password });
    await expectPublished(run());
    await setPassword(password);
    // testSecret changes nothing: between setSecret and finishSecret the pending one is the one that works.
    await expectPublished(run());
    await finishSecret();
    await expectPublished(run());
    await setPassword(newPassword());
    await expectFailure(run(), {
      name: "CredentialsError",
      exitCode: 1,
      message: [user()],
      hint: "read again for each attempt",
    });
  });

  it("of alternating users", async () => {
    const clone = `${user()}_clone`;
    const password = newPassword();
    await expectPublished(run());
    await createSecret({ ...world.secret, username: clone, password });
    await expectPublished(run());
    await world.sql(`create role ${clone} login password '${password}' in role ${user()}`);
    await expectPublished(run());
    await finishSecret();
    await expectPublished(run());
    // The next rotation gives the first user a new password, which takes nothing from the one in use.
    await createSecret({ ...world.secret, password: newPassword() });
    await setPassword(newPassword());
    await expectPublished(run());
    await world.sql(`drop role ${clone}`);
  });
});

describe("a warm container", () => {
  it("that has run before the rotation runs after it", async () => {
    const context = {
      functionName: "extract",
      awsRequestId: "test",
      getRemainingTimeInMillis: () => 60_000,
    } as Context;
    // The handler lives by the environment and by the real clock, so its month has to be one that ended long ago.
    const handler = (): FaultyRun => ({
      ...run(),
      start: (options) => {
        Object.assign(process.env, world.environment, options.environment);
        return extract({ month: "2024-05" }, context);
      },
    });
    await expectPublished(handler());
    const password = newPassword();
    await setPassword(password);
    world.aws.putSecret(world.secretId, { ...world.secret, password });
    await expectPublished(handler());
    delete process.env["EXTRACT_PREFIX"];
  });
});
