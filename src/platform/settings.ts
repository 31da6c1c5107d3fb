/**
 * Settings as environment variables: the types of field that pipelines' settings consist of, and one way to check them.
 * Credentials are not settings: they come from the secret, read again for each connection (`database/credentials.ts`).
 */
import * as v from "valibot";

import { BatchError, ConfigError } from "./errors";

export type Variables = Readonly<Record<string, string | undefined>>;

export interface DatabaseSettings {
  /** Name or ARN of the secret in Secrets Manager. */
  readonly secretId: string;
  /** These complete or override the secret, for example with a reader endpoint. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly name: string | undefined;
  /** The schema that has the tables; undefined leaves the role's search path as it is. */
  readonly schema: string | undefined;
  /** `verify-full` checks the server's certificate and its name; `disable` uses no encryption. */
  readonly ssl: "verify-full" | "disable";
}

export interface BucketSettings {
  readonly bucket: string;
  /** Undefined leaves encryption to the bucket's default. */
  readonly kmsKeyId: string | undefined;
  /** Whether the bucket is part of the path instead of the host name, as some S3 endpoints require. */
  readonly forcePathStyle: boolean;
  /** How many bytes of staged objects may wait in memory; undefined for the default. */
  readonly heldBytes?: number;
}

/** Any text. A variable that is set to nothing counts as not set. */
export const text = v.pipe(v.string("missing"), v.nonEmpty("missing"));

export const port = v.pipe(
  text,
  v.check(isPort, "expected a port number from 1 to 65535"),
  v.transform(Number),
);

export function isPort(digits: string): boolean {
  return /^[1-9]\d{0,4}$/.test(digits) && Number(digits) <= 65535;
}

/** A whole number of MiB up to 1024, in bytes. */
export const mebibytes = v.pipe(
  text,
  v.check(
    (digits) => /^\d{1,4}$/.test(digits) && Number(digits) <= 1024,
    "expected a whole number from 0 to 1024",
  ),
  v.transform((digits) => Number(digits) * 1024 * 1024),
);

/** The name of an S3 bucket, or the ARN of an access point, which S3 accepts in its place. */
export const bucketName = v.pipe(
  text,
  v.regex(
    /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|arn:[^\s]+)$/,
    "expected a bucket's name (3 to 63 lower-case letters, digits, dots, hyphens) without s3://",
  ),
);

/** What keys start with: empty, or with a slash at its end, which is added. */
export const keyPrefix = v.pipe(
  v.string(),
  v.check((prefix) => !prefix.startsWith("/"), "expected a prefix without a leading slash, such as loans/"),
  // Such as the line break behind a value that was copied: nobody would find the files.
  v.check(
    (prefix) => !/^\s|\s\/?$|\p{Cc}/u.test(prefix),
    "expected a prefix without spaces around it or control characters, such as loans/",
  ),
  v.transform((prefix) => (prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`)),
);

export const topicArn = v.pipe(
  text,
  v.regex(/^arn:[^:\s]+:sns:[^:\s]+:\d+:[\w.-]+$/, "expected the ARN of an SNS topic"),
);

export function oneOf<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, `expected ${options.join(" or ")}`);
}

/** The connection to a database. */
export const databaseVariables = v.pipe(
  v.object({
    DB_SECRET_ID: text,
    DB_HOST: v.optional(text),
    DB_PORT: v.optional(port),
    DB_NAME: v.optional(text),
    DB_SCHEMA: v.optional(text),
    DB_SSL: v.optional(oneOf(["verify-full", "disable"]), "verify-full"),
  }),
  v.transform((env): DatabaseSettings => ({
    secretId: env.DB_SECRET_ID,
    host: env.DB_HOST,
    port: env.DB_PORT,
    name: env.DB_NAME,
    schema: env.DB_SCHEMA,
    ssl: env.DB_SSL,
  })),
);

/**
 * Checks the environment against the sections of a pipeline's settings, each a schema of its variables.
 *
 * @throws ConfigError that names every missing or wrong variable, with what was expected.
 */
export function parseSettings<const Sections extends v.ObjectEntries>(
  sections: Sections,
  variables: Variables,
): v.InferOutput<v.ObjectSchema<Sections, undefined>> {
  const set = Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, value]],
    ),
  );
  const each = Object.fromEntries(Object.keys(sections).map((section) => [section, set]));
  const parsed = v.safeParse(v.object(sections), each);
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map(({ path, message }) => {
    const name = String(path?.at(-1)?.key);
    return name in set ? `${name}: ${message}, not ${JSON.stringify(set[name])}` : `${name}: missing`;
  });
  throw new ConfigError(`wrong settings: ${problems.join("; ")}`, {
    hint: "Set these environment variables; docs/contract.md, section 5, lists all of them.",
    onTerminal:
      "Set these environment variables; docs/contract.md, section 5, lists all of them. " +
      'For those of a deployment stage: eval "$(npx bank-batch settings --stage dev)".',
  });
}

/**
 * Checks settings and input together, so that one error names everything that is wrong with both.
 *
 * @throws ConfigError or RequestError.
 */
export function parseBoth<Settings, Request>(
  settings: () => Settings,
  request: () => Request,
): { readonly settings: Settings; readonly request: Request } {
  const [wrongSettings, parsedSettings] = attempt(settings);
  const [wrongRequest, parsedRequest] = attempt(request);
  if (wrongSettings !== undefined && wrongRequest !== undefined) {
    throw new ConfigError(`${wrongSettings.message}; ${wrongRequest.message}`, {
      hint: `${wrongSettings.hint} ${wrongRequest.hint}`,
      onTerminal: `${wrongSettings.hintOnTerminal} ${wrongRequest.hintOnTerminal}`,
    });
  }
  const wrong = wrongSettings ?? wrongRequest;
  if (wrong !== undefined) throw wrong;
  return { settings: parsedSettings as Settings, request: parsedRequest as Request };
}

function attempt<Parsed>(parse: () => Parsed): readonly [BatchError | undefined, Parsed | undefined] {
  try {
    return [undefined, parse()];
  } catch (error) {
    if (error instanceof BatchError) return [error, undefined];
    throw error;
  }
}
