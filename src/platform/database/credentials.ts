/** User, password and address for a connection: the rotated secret from Secrets Manager, completed by the settings. */
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as v from "valibot";

import { isMisconfigured, misconfigured } from "../aws";
import { ConfigError, CredentialsError, DatabaseUnavailableError } from "../errors";
import { type DatabaseSettings, isPort } from "../settings";

/** What a connection needs. Never logged, and never part of an error. */
export interface Credentials {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/**
 * The secret as RDS writes it. Its messages say what was expected, never what was found.
 * Source: AWS Secrets Manager User Guide, "JSON structure of AWS Secrets Manager secrets".
 */
const rdsSecret = v.looseObject({
  username: v.pipe(v.string("expected a string"), v.nonEmpty("is empty")),
  password: v.pipe(v.string("expected a string"), v.nonEmpty("is empty")),
  host: v.optional(v.string("expected a string")),
  port: v.optional(
    v.pipe(
      v.union([v.string(), v.number()], "expected a port number"),
      v.transform(String),
      v.check(isPort, "expected a port number from 1 to 65535"),
      v.transform(Number),
    ),
  ),
  dbname: v.optional(v.string("expected a string")),
});

const POSTGRESQL_PORT = 5432;

/**
 * The credentials to try for a connection, in this order, each read when it is asked for:
 *
 * 1. the secret's current version;
 * 2. its current version again, if it is another one: a rotation finished between reading and connecting;
 * 3. the version that a rotation in progress has prepared: between its steps that password may be the valid one.
 *
 * Source: AWS Secrets Manager User Guide, "Lambda function rotation strategies" and "Rotation function steps".
 *
 * @throws CredentialsError if the secret is missing, forbidden or malformed.
 * @throws ConfigError if neither the secret nor the settings have the database's address.
 * @throws DatabaseUnavailableError if Secrets Manager doesn't answer.
 */
export async function* credentialsToTry(
  secretsManager: SecretsManagerClient,
  settings: DatabaseSettings,
  signal: AbortSignal,
): AsyncGenerator<Credentials> {
  const tried = new Set<string>();
  for (const stage of ["AWSCURRENT", "AWSCURRENT", "AWSPENDING"]) {
    const text = await readSecret(secretsManager, settings.secretId, stage, signal);
    if (text === undefined || tried.has(text)) continue;
    tried.add(text);
    yield complete(settings, parseSecret(settings.secretId, text));
  }
}

function complete(settings: DatabaseSettings, secret: v.InferOutput<typeof rdsSecret>): Credentials {
  const host = settings.host ?? secret.host;
  const database = settings.name ?? secret.dbname;
  const missing = [
    ...(host === undefined ? ["DB_HOST: missing, and the secret has no host"] : []),
    ...(database === undefined ? ["DB_NAME: missing, and the secret has no dbname"] : []),
  ];
  if (host === undefined || database === undefined) {
    throw new ConfigError(`wrong settings: ${missing.join("; ")}`, {
      hint: `Set the missing variables, or add the values to the secret ${settings.secretId}.`,
    });
  }
  const port = settings.port ?? secret.port ?? POSTGRESQL_PORT;
  return { host, port, database, user: secret.username, password: secret.password };
}

/** The secret's text at a stage; undefined if no version is at AWSPENDING, as outside a rotation. */
async function readSecret(
  secretsManager: SecretsManagerClient,
  secretId: string,
  stage: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  try {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
    const { SecretString } = await secretsManager.send(command, { abortSignal });
    return SecretString ?? "";
  } catch (cause) {
    const { name, $metadata } = cause as { name?: string; $metadata?: { httpStatusCode?: number } };
    const status = $metadata?.httpStatusCode;
    if (stage === "AWSPENDING" && name === "ResourceNotFoundException") return undefined;
    if (isMisconfigured(cause)) throw misconfigured(cause);
    if (status === undefined || status === 429 || status >= 500 || name === "ThrottlingException") {
      throw new DatabaseUnavailableError(
        `Secrets Manager did not return the secret ${secretId}: ${reason(cause)}`,
        {
          hint: "Wait a few minutes; if it happens again, check the network path to Secrets Manager (VPC endpoint).",
          cause,
        },
      );
    }
    throw new CredentialsError(`the secret ${secretId} can't be read: ${reason(cause)}`, {
      hint: "Check DB_SECRET_ID, that the secret exists in this region, and that the role may read and decrypt it.",
      cause,
    });
  }
}

function parseSecret(secretId: string, text: string): v.InferOutput<typeof rdsSecret> {
  const malformed = (problem: string) =>
    new CredentialsError(`the secret ${secretId} is malformed: ${problem}`, {
      hint: 'Store it in the RDS format: {"username": …, "password": …, "host": …, "port": …, "dbname": …}.',
    });

  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which is the secret.
    throw malformed("it is not JSON");
  }
  const parsed = v.safeParse(rdsSecret, content);
  if (parsed.success) return parsed.output;
  throw malformed(
    parsed.issues
      .map((issue) => {
        const key = v.getDotPath(issue);
        if (key === null) return "expected a JSON object";
        return issue.received === "undefined" ? `${key} is missing` : `${key}: ${issue.message}`;
      })
      .join("; "),
  );
}

function reason(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
