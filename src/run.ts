/**
 * Where the Lambda and the command line meet: settings and input are checked, clients made, and from here on one
 * path serves both.
 */
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { parseConfig } from "./config";
import { ConfigError, ExtractError } from "./errors";
import { extract, type RunEvent, type Summary } from "./extract";
import { parseRequest } from "./request";
import { ObjectStore } from "./storage";

/** What only the edges know: the environment, the clock, and who listens. */
export interface Edge {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly runId: string;
  readonly observe: (event: RunEvent) => void;
}

/**
 * Runs the extract for an input: a schedule's event, `{"month": "2026-09"}`, or a range.
 *
 * @throws ConfigError or RequestError that names all that is wrong, before anything is connected to; later any
 *   error that {@link extract} throws.
 */
export async function run(input: unknown, { environment, now, runId, observe }: Edge): Promise<Summary> {
  const config = orRefusal(() => parseConfig(environment));
  const request = orRefusal(() => parseRequest(input, now()));
  if (config instanceof ExtractError) throw request instanceof ExtractError ? both(config, request) : config;
  if (request instanceof ExtractError) throw request;

  return extract(request, {
    runId,
    config,
    secretsManager: new SecretsManagerClient(),
    objects: new ObjectStore(
      new S3Client({ forcePathStyle: config.storage.forcePathStyle }),
      config.storage,
      runId,
    ),
    now,
    observe,
  });
}

function orRefusal<Parsed>(parse: () => Parsed): Parsed | ExtractError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ExtractError) return error;
    throw error;
  }
}

function both(config: ExtractError, request: ExtractError): ConfigError {
  return new ConfigError(`${config.message}; ${request.message}`, { hint: `${config.hint} ${request.hint}` });
}
