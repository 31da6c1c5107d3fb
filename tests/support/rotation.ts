/** Secrets Manager's part of a rotation: it prepares a version and asks for the steps, one after the other. */
import { randomBytes, randomUUID } from "node:crypto";

import {
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { Client } from "pg";

import type { RotationOutcome } from "../../src/rotation/rotate";
import { connectTo, testServer } from "./test-server";
import { asTest, type RunOptions, type World } from "./world";

export const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

export type Step = (typeof steps)[number];

export interface Secret {
  readonly username: string;
  readonly password: string;
  readonly [key: string]: unknown;
}

export function newPassword(): string {
  return randomBytes(18).toString("base64url");
}

export class Rotations {
  readonly #secretsManager: SecretsManagerClient;
  readonly #roles: string[] = [];

  constructor(
    private readonly world: World,
    /** The secret that is rotated. */
    readonly secretId: string = world.secretId,
  ) {
    this.#secretsManager = new SecretsManagerClient({ ...world.aws.clientConfig, ...asTest });
  }

  /** Starts a rotation, as RotateSecret does: it has an empty version at AWSPENDING, whose id is returned. */
  async start(): Promise<string> {
    const { VersionId = "" } = await this.#secretsManager.send(
      new RotateSecretCommand({
        SecretId: this.secretId,
        ClientRequestToken: randomUUID(),
        RotationLambdaARN: "arn:aws:lambda:us-east-1:000000000000:function:bank-batch-dev-rotate",
      }),
    );
    return VersionId;
  }

  take(step: Step, versionId: string, options: RunOptions = {}): Promise<RotationOutcome> {
    const event = { Step: step, SecretId: this.secretId, ClientRequestToken: versionId };
    return this.world.rotate(event, options);
  }

  /** A whole rotation. */
  async rotate(): Promise<void> {
    const versionId = await this.start();
    for (const step of steps) await this.take(step, versionId);
  }

  /** A version of the secret; undefined if no version has the label. */
  async secret(stage = "AWSCURRENT", id = this.secretId): Promise<Secret | undefined> {
    const command = new GetSecretValueCommand({ SecretId: id, VersionStage: stage });
    const { SecretString } = await this.#secretsManager.send(command).catch((error: unknown) => {
      if (error instanceof Error && error.name === "ResourceNotFoundException")
        return { SecretString: undefined };
      throw error;
    });
    return SecretString === undefined ? undefined : (JSON.parse(SecretString) as Secret);
  }

  /** Creates a role with a random password, which {@link close} drops. */
  async createRole(name: string, options = ""): Promise<Secret> {
    const client = await connectTo(this.world.database);
    try {
      const password = newPassword();
      this.#roles.push(name);
      await client.query(
        `create role ${client.escapeIdentifier(name)} login password ${client.escapeLiteral(password)} ${options}`,
      );
      return { ...this.world.secret, username: name, password };
    } finally {
      await client.end();
    }
  }

  /** Lets {@link close} drop a role that the program creates. */
  expectRole(name: string): void {
    this.#roles.push(name);
  }

  async close(): Promise<void> {
    this.#secretsManager.destroy();
    const client = await connectTo(this.world.database);
    for (const role of this.#roles.reverse()) {
      const name = client.escapeIdentifier(role);
      const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role]);
      if (rowCount === 1) await client.query(`drop owned by ${name}; drop role ${name}`);
    }
    await client.end();
  }
}

/** Whether the server of all tests accepts this login. */
export async function accepts(world: World, login: Secret | undefined): Promise<boolean> {
  const { host, port } = testServer();
  const { username: user, password } = login ?? { username: "", password: "" };
  const client = new Client({ host, port, database: world.database, user, password });
  try {
    await client.connect();
    await client.query("select from bank");
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "28P01") return false;
    throw error;
  } finally {
    await client.end();
  }
}
