/** User, password and address for a connection: the rotated secret from Secrets Manager, completed by the settings. */
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { ConfigError } from "../errors";
import type { DatabaseSettings } from "../settings";
import { type DatabaseSecret, parseSecret, readSecret } from "./secret";

/** What a connection needs. Never logged, and never part of an error. */
export interface Credentials {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

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
  for (const stage of ["AWSCURRENT", "AWSCURRENT", "AWSPENDING"] as const) {
    const text = await readSecret(secretsManager, settings.secretId, { stage }, signal);
    if (text === undefined || tried.has(text)) continue;
    tried.add(text);
    yield credentialsOf(settings, parseSecret(settings.secretId, text));
  }
}

/** @throws ConfigError if neither the secret nor the settings have the database's address. */
export function credentialsOf(settings: DatabaseSettings, secret: DatabaseSecret): Credentials {
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
