/** Who connects to which database: the rotated secret from Secrets Manager, completed by the settings. */
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as v from "valibot";

import type { DatabaseSettings } from "../../extract/settings";
import { ConfigError, CredentialsError, DatabaseUnavailableError } from "../errors";

/** All that a connection needs. Never logged, never part of an error. */
export interface Credentials {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/**
 * The secret as RDS writes it. The messages say what was expected and never what was found.
 * Source: AWS Secrets Manager User Guide, "JSON structure of AWS Secrets Manager secrets".
 */
const rdsSecret = v.looseObject({
  username: v.pipe(v.string("expected a string"), v.nonEmpty("is empty")),
  password: v.pipe(v.string("expected a string"), v.nonEmpty("is empty")),
  host: v.optional(v.string("expected a string")),
  port: v.optional(
    v.pipe(
      v.union([v.string(), v.number()], "expected a port number"),
      v.transform(Number),
      v.integer("expected a port number"),
    ),
  ),
  dbname: v.optional(v.string("expected a string")),
});

const POSTGRESQL_PORT = 5432;

/**
 * The credentials to try for a connection, in this order, each read at the moment it is asked for:
 *
 * 1. what the secret says now;
 * 2. what it says then, if that differs: a rotation ended between the reading and the connection;
 * 3. what a rotation under way has prepared: between its steps the new password may be the one that works.
 *
 * Source: AWS Secrets Manager User Guide, "Lambda function rotation strategies" and "Rotation function steps".
 *
 * @throws CredentialsError if the secret is missing, forbidden or malformed.
 * @throws ConfigError if neither the secret nor the settings say where the database is.
 * @throws DatabaseUnavailableError if Secrets Manager does not answer.
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
      hint: `Set what is missing, or add it to the secret ${settings.secretId}.`,
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
    if (status === undefined || status === 429 || status >= 500 || name === "ThrottlingException") {
      throw new DatabaseUnavailableError(
        `Secrets Manager did not give the secret ${secretId}: ${reason(cause)}`,
        {
          hint: "Run the month again; if it stays so, check the network path to Secrets Manager (VPC endpoint).",
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
