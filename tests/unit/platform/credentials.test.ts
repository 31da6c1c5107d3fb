import type { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { type Credentials, credentialsToTry } from "../../../src/platform/database/credentials";
import type { DatabaseSettings } from "../../../src/platform/settings";

const unset: DatabaseSettings = {
  ...{ secretId: "ods", host: undefined, port: undefined, name: undefined, schema: undefined },
  ssl: "verify-full",
};
const { signal } = new AbortController();

const secret = {
  username: "reader",
  password: "hunter-two",
  host: "db.example",
  port: 6432,
  dbname: "loans",
};
const credentials = {
  host: "db.example",
  port: 6432,
  database: "loans",
  user: "reader",
  password: "hunter-two",
};

/** Answers the requests in this order, with a secret's text or an error, and records the requested stages. */
function manager(...answers: readonly (string | undefined | Error)[]) {
  const stages: string[] = [];
  const send = ({ input }: GetSecretValueCommand, options: unknown) => {
    expect(input.SecretId).toBe("ods");
    expect(options).toEqual({ abortSignal: signal });
    stages.push(String(input.VersionStage));
    const answer = answers[stages.length - 1];
    return typeof answer === "object" ? Promise.reject(answer) : Promise.resolve({ SecretString: answer });
  };
  return { client: { send } as unknown as SecretsManagerClient, stages };
}

async function allOf(client: SecretsManagerClient, settings = unset): Promise<Credentials[]> {
  const all: Credentials[] = [];
  for await (const each of credentialsToTry(client, settings, signal)) all.push(each);
  return all;
}

async function firstOf(text: string | undefined | Error, settings = unset): Promise<unknown> {
  const { client } = manager(text);
  return credentialsToTry(client, settings, signal)
    .next()
    .then(
      ({ value }): unknown => value,
      (error: unknown) => error,
    );
}

function refusal(name: string, status?: number): Error {
  const metadata = status === undefined ? {} : { $metadata: { httpStatusCode: status } };
  return Object.assign(new Error("no"), { name }, metadata);
}

const text = (content: object) => JSON.stringify(content);
const withPassword = (password: string) => text({ ...secret, password });

describe("the credentials to try", () => {
  it("are those of the current version, then of a newer current version, then of the pending version", async () => {
    const { client, stages } = manager(withPassword("one"), withPassword("two"), withPassword("three"));
    expect((await allOf(client)).map(({ password }) => password)).toEqual(["one", "two", "three"]);
    expect(stages).toEqual(["AWSCURRENT", "AWSCURRENT", "AWSPENDING"]);
  });

  it("are each tried once", async () => {
    const { client } = manager(withPassword("one"), withPassword("one"), withPassword("one"));
    expect(await allOf(client)).toHaveLength(1);
  });

  it("are read only when they are requested", async () => {
    const { client, stages } = manager(withPassword("one"));
    await credentialsToTry(client, unset, signal).next();
    expect(stages).toEqual(["AWSCURRENT"]);
  });

  it("include no pending version outside of a rotation", async () => {
    const { client } = manager(
      withPassword("one"),
      withPassword("one"),
      refusal("ResourceNotFoundException", 400),
    );
    expect(await allOf(client)).toHaveLength(1);
  });

  it("end with an error if the role may not read the pending version", async () => {
    const { client } = manager(
      withPassword("one"),
      withPassword("one"),
      refusal("AccessDeniedException", 400),
    );
    await expect(allOf(client)).rejects.toMatchObject({ name: "CredentialsError" });
  });
});

describe("a secret", () => {
  it.each([
    ["may have the whole address", secret, credentials],
    ["may have its port as text", { ...secret, port: "6432" }, credentials],
    ["may leave out the port", { ...secret, port: undefined }, { ...credentials, port: 5432 }],
    ["may have more entries", { ...secret, engine: "postgres" }, credentials],
  ])("%s", async (_, content, expected) => {
    expect(await firstOf(text(content))).toEqual(expected);
  });

  it("is completed by the settings, which take precedence", async () => {
    const settings = { ...unset, host: "other", port: 1, name: "name" };
    const expected = { ...credentials, host: "other", port: 1, database: "name" };
    expect(await firstOf(text(secret), settings)).toEqual(expected);
    const { username, password } = secret;
    expect(await firstOf(text({ username, password }), settings)).toEqual(expected);
  });

  it.each([
    ["host", "DB_HOST: missing, and the secret has no host"],
    ["dbname", "DB_NAME: missing, and the secret has no dbname"],
  ])("without %s needs it in the settings", async (key, problem) => {
    expect(await firstOf(text({ ...secret, [key]: undefined }))).toMatchObject({
      name: "ConfigError",
      message: `wrong settings: ${problem}`,
      hint: "Set the missing variables, or add the values to the secret ods.",
    });
  });

  it("without an address needs all of it in the settings", async () => {
    const { username, password } = secret;
    expect(await firstOf(text({ username, password }))).toMatchObject({
      message:
        "wrong settings: DB_HOST: missing, and the secret has no host; DB_NAME: missing, and the secret has no dbname",
    });
  });

  it.each([
    ["hunter-two", "it is not JSON"],
    [undefined, "it is not JSON"],
    ['"hunter-two"', "expected a JSON object"],
    ["null", "expected a JSON object"],
    [text({}), "username is missing; password is missing"],
    [text({ ...secret, username: "", password: "" }), "username: is empty; password: is empty"],
    [
      text({ ...secret, username: 1, password: 2 }),
      "username: expected a string; password: expected a string",
    ],
    [text({ ...secret, host: 1, dbname: 2 }), "host: expected a string; dbname: expected a string"],
    [text({ ...secret, port: true }), "port: expected a port number"],
    [text({ ...secret, port: 65536 }), "port: expected a port number from 1 to 65535"],
  ])("%j is malformed, and the error does not contain it", async (content, problem) => {
    const error = await firstOf(content);
    expect(error).toMatchObject({
      name: "CredentialsError",
      message: `the secret ods is malformed: ${problem}`,
      hint: 'Store it in the RDS format: {"username": …, "password": …, "host": …, "port": …, "dbname": …}.',
    });
    expect((error as Error).cause).toBeUndefined();
  });
});

describe("an error of Secrets Manager", () => {
  const unavailable = {
    name: "DatabaseUnavailableError",
    hint: "Wait a few minutes; if it happens again, check the network path to Secrets Manager (VPC endpoint).",
  };
  it.each([
    refusal("TimeoutError"),
    refusal("TooManyRequests", 429),
    refusal("InternalServiceError", 500),
    refusal("ServiceUnavailable", 503),
    refusal("ThrottlingException", 400),
  ])("means that it is unavailable: $name", async (cause) => {
    expect(await firstOf(cause)).toMatchObject({
      ...unavailable,
      cause,
      message: `Secrets Manager did not return the secret ods: ${cause.name}: no`,
    });
  });

  it.each([
    refusal("ResourceNotFoundException", 400),
    refusal("AccessDeniedException", 403),
    refusal("Odd", 499),
  ])("means that the secret can't be read: $name", async (cause) => {
    expect(await firstOf(cause)).toMatchObject({
      name: "CredentialsError",
      cause,
      message: `the secret ods can't be read: ${cause.name}: no`,
      hint: "Check DB_SECRET_ID, that the secret exists in this region, and that the role may read and decrypt it.",
    });
  });

  it("about missing AWS credentials is a wrong setting", async () => {
    expect(await firstOf(refusal("CredentialsProviderError"))).toMatchObject({ name: "ConfigError" });
  });

  it("may be something other than an Error object", async () => {
    const odd: unknown = { toString: () => "odd" };
    const error = await firstOf(odd as Error);
    expect(error).toMatchObject({ message: "Secrets Manager did not return the secret ods: odd" });
  });
});
