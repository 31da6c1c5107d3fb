/**
 * The database's password changes, by a real ALTER ROLE and by the steps of Secrets Manager's rotation, at every moment
 * that could affect a run.
 */
import { randomBytes } from "node:crypto";

import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type { Context } from "aws-lambda";

import { expectFailure, expectPublished, type FaultyRun } from "../../support/fault";
import { extract } from "../../support/handlers";
import { asTest, stagedAsUploads, World } from "../../support/world";

jest.setTimeout(60_000);

let world: World;
let secretsManager: SecretsManagerClient;
let secrets: string[];

beforeEach(async () => {
  world = await World.create("seeded", stagedAsUploads);
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

/** Puts the secret at AWSPENDING, as createSecret does. */
async function createSecret(secret: object): Promise<void> {
  await secretsManager.send(
    new PutSecretValueCommand({
      SecretId: world.secretId,
      SecretString: JSON.stringify(secret),
      VersionStages: ["AWSPENDING"],
    }),
  );
}

/** Moves AWSCURRENT to the version at AWSPENDING, which keeps both stages, as finishSecret does. */
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

describe("when the password changes", () => {
  it("after a run reads the secret but before it connects, the run reads it again and succeeds", async () => {
    const password = newPassword();
    // The role already has the new password, but the first answer is still the old secret.
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

  it("while a run is connected, the run succeeds", async () => {
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

  it("to one that no version of the secret has, the run fails after reading each again, and reveals none", async () => {
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

  it("and the secret can't be read again, the run fails with a retryable error", async () => {
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
    // testSecret changes nothing: between setSecret and finishSecret only the pending version works.
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
    // The next rotation gives the first user a new password, which does not affect the user in use.
    await createSecret({ ...world.secret, password: newPassword() });
    await setPassword(newPassword());
    await expectPublished(run());
    await world.sql(`drop role ${clone}`);
  });
});

describe("a warm container", () => {
  it("connects with the new password after a rotation", async () => {
    const context = {
      functionName: "extract",
      awsRequestId: "test",
      getRemainingTimeInMillis: () => 60_000,
    } as Context;
    // The handler uses the environment and the real clock, so the month must have ended long ago.
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
