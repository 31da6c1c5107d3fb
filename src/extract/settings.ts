/**
 * The settings, read once from the environment at the edges and handed down from there.
 * Credentials are no settings: they come from the secret, for each connection anew (`credentials.ts`).
 */
import * as v from "valibot";

import { ConfigError } from "../platform/errors";
import { type KeyLayout, keyLayouts } from "./object-key";

export interface Config {
  readonly database: DatabaseSettings;
  readonly storage: StorageSettings;
}

export interface DatabaseSettings {
  /** Name or ARN of the secret in Secrets Manager. */
  readonly secretId: string;
  /** What completes or overrides the secret, a reader endpoint for example. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly name: string | undefined;
  /** The schema that holds the tables; undefined leaves the role's own search path. */
  readonly schema: string | undefined;
  /** `verify-full` checks the server's certificate and its name; `disable` speaks plain text. */
  readonly ssl: "verify-full" | "disable";
}

export interface StorageSettings {
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly keyLayout: KeyLayout;
  readonly lineEnding: "\n" | "\r\n";
  /** Undefined leaves encryption to the bucket's own default. */
  readonly kmsKeyId: string | undefined;
  /** Whether the bucket stands in the path instead of the host name, as some S3 endpoints want it. */
  readonly forcePathStyle: boolean;
}

/** Where `notify` tells what became of a run. */
export interface NotifySettings {
  /** SNS topic for people: one message a failure. */
  readonly peopleTopicArn: string;
  /** SNS topic for machines: one message a published month. */
  readonly machinesTopicArn: string;
}

/** A variable that is set to nothing counts as not set. */
const given = v.pipe(v.string("missing"), v.nonEmpty("missing"));

const port = v.pipe(
  given,
  v.regex(/^\d{1,5}$/, "expected a port number"),
  v.transform(Number),
  v.integer(),
  v.minValue(1, "expected a port number from 1 to 65535"),
  v.maxValue(65535, "expected a port number from 1 to 65535"),
);

/** Names of S3 buckets, and ARNs of access points, which stand in the same place. */
const bucket = v.pipe(
  given,
  v.regex(
    /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|arn:[^\s]+)$/,
    "expected a bucket's name (3 to 63 lower-case letters, digits, dots, hyphens) without s3://",
  ),
);

const prefix = v.pipe(
  v.string(),
  v.check((text) => !text.startsWith("/"), "expected a prefix without a leading slash, such as loans/"),
  v.transform((text) => (text === "" || text.endsWith("/") ? text : `${text}/`)),
);

function oneOf<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, `expected ${options.join(" or ")}`);
}

const topicArn = v.pipe(
  given,
  v.regex(/^arn:[^:\s]+:sns:[^:\s]+:\d+:[\w.-]+$/, "expected the ARN of an SNS topic"),
);

const notifyVariables = v.pipe(
  v.object({ NOTIFY_TOPIC_ARN: topicArn, ANNOUNCE_TOPIC_ARN: topicArn }),
  v.transform((env): NotifySettings => ({
    peopleTopicArn: env.NOTIFY_TOPIC_ARN,
    machinesTopicArn: env.ANNOUNCE_TOPIC_ARN,
  })),
);

type Variables = Readonly<Record<string, string | undefined>>;

const databaseVariables = v.pipe(
  v.object({
    DB_SECRET_ID: given,
    DB_HOST: v.optional(given),
    DB_PORT: v.optional(port),
    DB_NAME: v.optional(given),
    DB_SCHEMA: v.optional(given),
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

const storageVariables = v.pipe(
  v.object({
    EXTRACT_BUCKET: bucket,
    EXTRACT_PREFIX: v.optional(prefix, ""),
    EXTRACT_KEY_LAYOUT: v.optional(oneOf(keyLayouts), "plain"),
    EXTRACT_LINE_ENDING: v.optional(oneOf(["lf", "crlf"]), "lf"),
    EXTRACT_KMS_KEY_ID: v.optional(given),
    S3_FORCE_PATH_STYLE: v.optional(oneOf(["true", "false"]), "false"),
  }),
  v.transform((env): StorageSettings => ({
    bucket: env.EXTRACT_BUCKET,
    prefix: env.EXTRACT_PREFIX,
    keyLayout: env.EXTRACT_KEY_LAYOUT,
    lineEnding: env.EXTRACT_LINE_ENDING === "crlf" ? "\r\n" : "\n",
    kmsKeyId: env.EXTRACT_KMS_KEY_ID,
    forcePathStyle: env.S3_FORCE_PATH_STYLE === "true",
  })),
);

/** @throws ConfigError that names every setting that is missing or wrong, each with what was expected. */
export function parseConfig(variables: Variables): Config {
  const set = withoutEmpty(variables);
  const config = v.object({ database: databaseVariables, storage: storageVariables });
  return accepted(v.safeParse(config, { database: set, storage: set }), set);
}

/** The settings of the bucket alone, for who only reads what is published. @throws ConfigError likewise. */
export function parseStorageSettings(variables: Variables): StorageSettings {
  const set = withoutEmpty(variables);
  return accepted(v.safeParse(storageVariables, set), set);
}

/** The settings of `notify`. @throws ConfigError likewise. */
export function parseNotifySettings(variables: Variables): NotifySettings {
  const set = withoutEmpty(variables);
  return accepted(v.safeParse(notifyVariables, set), set);
}

function withoutEmpty(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, value]],
    ),
  );
}

function accepted<Schema extends v.GenericSchema>(
  parsed: v.SafeParseResult<Schema>,
  set: Readonly<Record<string, string>>,
): v.InferOutput<Schema> {
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map(({ path, message }) => {
    const name = String(path?.at(-1)?.key);
    return name in set ? `${name}: ${message}, not ${JSON.stringify(set[name])}` : `${name}: missing`;
  });
  throw new ConfigError(`wrong settings: ${problems.join("; ")}`, {
    hint: "Set these environment variables; docs/contract.md, section 5, lists all of them.",
  });
}
