/** The handler that Secrets Manager invokes, and what it writes for operators. */
import type { Context } from "aws-lambda";

import { rotate } from "../../support/handlers";
import { newPassword, Rotations, steps } from "../../support/rotation";
import { World } from "../../support/world";

let world: World;
let rotations: Rotations;
let output = "";

beforeAll(async () => {
  world = await World.create("empty");
  rotations = new Rotations(world);
  Object.assign(process.env, world.environment);
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, "write").mockImplementation((text) => {
      output += String(text);
      return true;
    });
  }
});
beforeEach(() => (output = ""));
afterAll(async () => {
  jest.restoreAllMocks();
  await rotations.close();
  await world.close();
});

const context = {
  functionName: "bank-batch-dev-rotate",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

describe("rotate", () => {
  it("takes the steps and logs each, without a password and without the event's RotationToken", async () => {
    const versionId = await rotations.start();
    const RotationToken = newPassword();
    for (const step of steps) {
      const event = { Step: step, SecretId: world.secretId, ClientRequestToken: versionId, RotationToken };
      expect(await rotate(event, context)).toEqual({
        ...{ step, versionId, outcome: "done" },
        secretId: world.secretId,
      });
      expect(output).toContain(`"input":{"Step":"${step}","SecretId":`);
      expect(output).toContain(`"result":{"step":"${step}"`);
    }
    const secrets = [RotationToken];
    for (const stage of ["AWSCURRENT", "AWSPREVIOUS"]) {
      secrets.push((await rotations.secret(stage))?.password ?? "");
    }
    // Not by the matcher, which would print them.
    expect(secrets.map((secret) => [secret.length > 20, output.includes(secret)])).toEqual(
      secrets.map(() => [true, false]),
    );
  });

  it("fails with what to do in the message, which is all that Lambda reports", async () => {
    const event = { Step: "setSecret", SecretId: "none", ClientRequestToken: "1" };
    await expect(rotate(event, context)).rejects.toMatchObject({
      name: "CredentialsError",
      message: expect.stringMatching(/^the secret none can't be rotated: .*\nTry: Check/) as string,
    });
    for (const noEvent of ["no event", null, undefined]) {
      await expect(rotate(noEvent, context)).rejects.toMatchObject({ name: "RequestError" });
    }
  });
});
