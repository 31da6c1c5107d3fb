/**
 * Where the Lambda and the command line meet: settings and input are checked, clients made, and from here on one
 * path serves both.
 */
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

import { parseConfig, parseStorageSettings, type StorageSettings } from "./settings";
import type { Deadline } from "../platform/deadline";
import { ConfigError, ExtractError } from "../platform/errors";
import { extract, type Summary } from "./extract";
import { parseRequest, type Request } from "./request";
import type { RunEvent } from "./run-event";
import type { ObjectStore } from "../platform/bucket/object-store";
import { type MonthVerification, verifyMonth } from "./verification";

/** What only the edges know: the environment, the clock, and who listens. */
export interface Edge {
  readonly deadline: Deadline;
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
export async function run(input: unknown, { environment, observe, ...edge }: Edge): Promise<Summary> {
  const { config, request } = accepted(
    orRefusal(() => parseConfig(environment)),
    orRefusal(() => parseRequest(input, edge.now())),
  );
  return extract(request, {
    ...edge,
    config,
    secretsManager: new SecretsManagerClient(),
    openObjects: () => openBucket(config.storage, edge),
    observe,
  });
}

/**
 * Verifies published months, by the bucket's settings alone, and returns what it found, good or bad.
 *
 * @param observe hears of each month when it is done.
 */
export async function verify(
  input: unknown,
  edge: Omit<Edge, "observe">,
  observe: (month: MonthVerification) => void,
): Promise<readonly MonthVerification[]> {
  const { objects, prefix, request } = await openPublished(input, edge);
  const months: MonthVerification[] = [];
  for (const month of request.months) {
    const verification = await verifyMonth(objects, prefix, request.extract, month);
    observe(verification);
    months.push(verification);
  }
  return months;
}

/** What a reader of published months works with. */
export interface Published {
  readonly request: Request;
  readonly objects: ObjectStore;
  readonly bucket: string;
  readonly prefix: string;
}

/** Opens the bucket for who only reads, by its settings alone. @throws ConfigError or RequestError as {@link run} does. */
export async function openPublished(
  input: unknown,
  { environment, ...edge }: Omit<Edge, "observe">,
): Promise<Published> {
  const { config, request } = accepted(
    orRefusal(() => parseStorageSettings(environment)),
    orRefusal(() => parseRequest(input, edge.now())),
  );
  const { bucket, prefix } = config;
  return { request, objects: await openBucket(config, edge), bucket, prefix };
}

/** S3's client is the largest of all that is loaded, so it is loaded when it is needed. */
async function openBucket(
  settings: StorageSettings,
  { runId, deadline }: Pick<Edge, "runId" | "deadline">,
): Promise<ObjectStore> {
  const { openObjectStore } = await import("../platform/bucket/object-store");
  return openObjectStore(settings, runId, deadline.signal);
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
