/**
 * The steps of a rotation, of a single user or of two users that alternate. Each may be killed at any point and
 * repeated: it first looks whether its work is done.
 *
 * Source: AWS Secrets Manager User Guide, "Rotation function steps" and "Lambda function rotation strategies".
 */
import { type Connection, withConnection, type WriteTransaction } from "../platform/database/connection";
import { type Credentials, credentialsOf, credentialsToTry } from "../platform/database/credentials";
import { type DatabaseSecret, parseSecret, readSecret } from "../platform/database/secret";
import type { Edge } from "../platform/edge";
import { CredentialsError } from "../platform/errors";
import { databaseVariables, type DatabaseSettings, parseSettings } from "../platform/settings";
import { parseRotationStep, type RotationStep } from "./event";
import { expectRights, explain, setAlternatePassword, setPassword } from "./roles";
import { SecretVersions } from "./secret-versions";
import { otherUser } from "./users";

/** What a step did. `done before`: an earlier attempt of the step had done it. */
export interface RotationOutcome extends RotationStep {
  readonly outcome: "done" | "done before";
}

/**
 * Takes one step of a rotation.
 *
 * @throws RequestError if the event is not a step, or not one that the secret is waiting for; CredentialsError if a
 *   version of the secret is malformed or its password is refused; DatabaseUnavailableError, QueryError, ConfigError;
 *   DeadlineError.
 */
export async function rotate(event: unknown, edge: Edge): Promise<RotationOutcome> {
  const step = parseRotationStep(event);
  const { signal } = edge.deadline;
  try {
    const secretsManager = await edge.aws.secretsManager();
    const rotation = new Rotation(step, edge, new SecretVersions(secretsManager, step, signal));
    return { ...step, outcome: (await rotation.take()) ? "done" : "done before" };
  } catch (error) {
    // Everything that fails after the time limit fails because of it.
    throw signal.aborted ? signal.reason : error;
  }
}

class Rotation {
  readonly #settings: DatabaseSettings;

  constructor(
    private readonly step: RotationStep,
    private readonly edge: Edge,
    private readonly versions: SecretVersions,
  ) {
    const variables = { ...edge.environment, DB_SECRET_ID: step.secretId };
    this.#settings = parseSettings({ database: databaseVariables }, variables).database;
  }

  /** @returns whether there was anything left to do. */
  async take(): Promise<boolean> {
    const currentId = await this.versions.currentId();
    if (currentId === this.step.versionId) return false;
    switch (this.step.step) {
      case "createSecret":
        return this.#create();
      case "setSecret":
        return this.#set();
      case "testSecret":
        return this.#test();
      case "finishSecret":
        await this.versions.finish(currentId);
        return true;
    }
  }

  async #create(): Promise<boolean> {
    if ((await this.versions.read("AWSPENDING")) !== undefined) return false;
    await this.versions.create();
    return true;
  }

  async #set(): Promise<boolean> {
    const next = await this.#next();
    if (await this.#accepts(next)) return false;
    const current = await this.#current();
    if (current.masterarn === undefined) await this.#setOwnPassword(next, current);
    else await this.#setByMaster(next, current.masterarn);
    return true;
  }

  async #test(): Promise<boolean> {
    const next = await this.#next();
    const { masterarn } = await this.#current();
    await this.#connect([next], async (connection) => {
      if (masterarn !== undefined) await expectRights(await connection.openSnapshot(), next.user);
    });
    return true;
  }

  /** Logs in as the user itself, by its current password or, if a person put an older one back, by the one before. */
  async #setOwnPassword(next: Credentials, current: DatabaseSecret): Promise<void> {
    const previous = await this.#read("AWSPREVIOUS");
    const candidates = [current, ...(previous?.username === next.user ? [previous] : [])];
    const logins = candidates.map((secret) => credentialsOf(this.#settings, secret));
    const change = write((transaction) => setPassword(transaction, next));
    let isLoggedIn = false;
    const changing = this.#connect(logins, async (connection) => {
      isLoggedIn = true;
      await change(connection);
    });
    await changing.catch((error: unknown) => {
      // Behind the login, what is wrong is the next password, and the error says so.
      if (isLoggedIn || !(error instanceof CredentialsError)) throw error;
      throw new CredentialsError(error.message, {
        hint: `No version of the secret has the password of ${next.user}. Set it in the database to that of AWSCURRENT, then rotate again.`,
        cause: error,
      });
    });
  }

  /**
   * Logs in as the master, on the server that its own secret names: the user's secret may name a reader. A master
   * secret that RDS manages names none, and then the user's secret does.
   */
  async #setByMaster(next: Credentials, masterSecretId: string): Promise<void> {
    const { deadline, aws } = this.edge;
    const secretsManager = await aws.secretsManager();
    const text = await readSecret(secretsManager, masterSecretId, { stage: "AWSCURRENT" }, deadline.signal);
    const master = parseSecret(masterSecretId, text ?? "");
    const { host, port, database } = next;
    const settings: DatabaseSettings = {
      ...this.#settings,
      secretId: masterSecretId,
      ...(master.host === undefined && { host, port }),
      ...(master.dbname === undefined && { name: database }),
    };
    const candidates = credentialsToTry(secretsManager, settings, deadline.signal);
    const change = write((transaction) => setAlternatePassword(transaction, next));
    await withConnection(settings, candidates, deadline, change);
  }

  /**
   * The login of the next version.
   *
   * @throws CredentialsError if there is none, or it is another user's: the master could change any user's password.
   */
  async #next(): Promise<Credentials> {
    const [next, current] = [await this.#read("AWSPENDING"), await this.#current()];
    const { secretId, versionId } = this.step;
    if (next === undefined) {
      throw new CredentialsError(`the version ${versionId} of the secret ${secretId} has no value`, {
        hint: "Rotate again: the step createSecret makes the value.",
      });
    }
    const { username, masterarn } = current;
    const expected = masterarn === undefined ? username : otherUser(username);
    if (next.username !== expected) {
      throw new CredentialsError(
        `the version ${versionId} of the secret ${secretId} is for the user ${next.username} instead of ${expected}`,
        { hint: "Remove the label AWSPENDING from it, then rotate again: a rotation makes its own version." },
      );
    }
    return credentialsOf(this.#settings, next);
  }

  async #current(): Promise<DatabaseSecret> {
    return parseSecret(this.step.secretId, (await this.versions.read("AWSCURRENT")) ?? "");
  }

  async #read(stage: "AWSPENDING" | "AWSPREVIOUS"): Promise<DatabaseSecret | undefined> {
    const text = await this.versions.read(stage);
    return text === undefined ? undefined : parseSecret(this.step.secretId, text);
  }

  async #accepts(login: Credentials): Promise<boolean> {
    try {
      await this.#connect([login], () => Promise.resolve());
      return true;
    } catch (error) {
      if (error instanceof CredentialsError) return false;
      throw error;
    }
  }

  /** Connects with the first of these logins that the server accepts. */
  #connect(logins: readonly Credentials[], action: (connection: Connection) => Promise<void>): Promise<void> {
    return withConnection(this.#settings, each(logins), this.edge.deadline, action);
  }
}

function write(change: (transaction: WriteTransaction) => Promise<void>) {
  return async (connection: Connection): Promise<void> => {
    await connection.writeTransaction(change).catch((error: unknown) => {
      throw explain(error);
    });
  };
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) yield await Promise.resolve(item);
}
