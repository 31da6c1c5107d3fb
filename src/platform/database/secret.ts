/** The secret with a database login, as RDS writes it: reading one of its versions, and what it must contain. */
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as v from "valibot";

import { isMisconfigured, misconfigured, unreachableHint } from "../aws";
import { type BatchError, CredentialsError, DatabaseUnavailableError } from "../errors";
import { isPort } from "../settings";

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
  /** The secret of a user that may change this one: then a rotation alternates between two users. */
  masterarn: v.optional(v.string("expected a string")),
});

export type DatabaseSecret = v.InferOutput<typeof rdsSecret>;

/** One version of a secret: the one with this staging label, this id, or both. */
export interface SecretVersion {
  readonly stage: "AWSCURRENT" | "AWSPENDING" | "AWSPREVIOUS";
  readonly id?: string;
}

/**
 * The text of one version of a secret; undefined if no version has that label, except for AWSCURRENT, which must be there.
 *
 * @throws CredentialsError if the secret is missing or forbidden.
 * @throws DatabaseUnavailableError if Secrets Manager doesn't answer.
 */
export async function readSecret(
  secretsManager: SecretsManagerClient,
  secretId: string,
  { stage, id }: SecretVersion,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  try {
    const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage, VersionId: id });
    const { SecretString } = await secretsManager.send(command, { abortSignal });
    return SecretString ?? "";
  } catch (cause) {
    const isMissing = cause instanceof Error && cause.name === "ResourceNotFoundException";
    if (isMissing && stage !== "AWSCURRENT") return undefined;
    throw secretError(cause, secretId, { failed: "did not return", refused: "can't be read" });
  }
}

/**
 * The error for a request that Secrets Manager refused or did not answer.
 *
 * @param words what Secrets Manager did not do, and what therefore can't be done with the secret.
 */
export function secretError(
  cause: unknown,
  secretId: string,
  { failed, refused }: { readonly failed: string; readonly refused: string },
): BatchError {
  if (isMisconfigured(cause)) return misconfigured(cause);
  const { name, $metadata } = cause as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  if (status === undefined || status === 429 || status >= 500 || name === "ThrottlingException") {
    return new DatabaseUnavailableError(`Secrets Manager ${failed} the secret ${secretId}: ${why}`, {
      hint: unreachableHint(
        cause,
        "Wait a few minutes; if it happens again, check the network path to Secrets Manager (VPC endpoint).",
      ),
      cause,
    });
  }
  return new CredentialsError(`the secret ${secretId} ${refused}: ${why}`, {
    hint: "Check DB_SECRET_ID, that the secret exists in this region, and that the role may read and decrypt it.",
    cause,
  });
}

/** @throws CredentialsError if the text is not a secret in the RDS format. */
export function parseSecret(secretId: string, text: string): DatabaseSecret {
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
