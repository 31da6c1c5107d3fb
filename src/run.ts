/**
 * Where the Lambda and the command line meet: settings and input are checked, clients made, and from here on one
 * path serves both.
 */
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { parseConfig, parseStorageSettings, type StorageSettings } from "./config";
import { ConfigError, ExtractError } from "./errors";
import { extract, type RunEvent, type Summary } from "./extract";
import { parseRequest, type Request } from "./request";
import { ObjectStore } from "./storage";
import { expectVerified, type MonthVerification, verifyMonth } from "./verification";

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
  const { config, request } = accepted(
    orRefusal(() => parseConfig(environment)),
    orRefusal(() => parseRequest(input, now())),
  );
  return extract(request, {
    runId,
    config,
    secretsManager: new SecretsManagerClient(),
    objects: objectStore(config.storage, runId),
    now,
    observe,
  });
}

/**
 * Verifies published months, by the bucket's settings alone.
 *
 * @throws VerificationError if one of them is missing or damaged, with its findings told to `observe` before.
 */
export async function verify(
  input: unknown,
  { environment, now, runId }: Omit<Edge, "observe">,
  observe: (month: MonthVerification) => void,
): Promise<readonly MonthVerification[]> {
  const { config, request } = accepted(
    orRefusal(() => parseStorageSettings(environment)),
    orRefusal(() => parseRequest(input, now())),
  );
  const objects = objectStore(config, runId);
  const months: MonthVerification[] = [];
  for (const month of request.months) {
    const verification = await verifyMonth(objects, config.prefix, month);
    observe(verification);
    months.push(verification);
  }
  expectVerified(months);
  return months;
}

function objectStore(settings: StorageSettings, runId: string): ObjectStore {
  return new ObjectStore(new S3Client({ forcePathStyle: settings.forcePathStyle }), settings, runId);
}

/** What was parsed; or, of settings and input, all that is wrong with both. */
function accepted<Settings>(
  config: Settings | ExtractError,
  request: Request | ExtractError,
): { config: Settings; request: Request } {
  if (config instanceof ExtractError) throw request instanceof ExtractError ? both(config, request) : config;
  if (request instanceof ExtractError) throw request;
  return { config, request };
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
