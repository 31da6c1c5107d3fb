/** Intake's settings, read once from the environment at the edges. */
import * as v from "valibot";

import {
  bucketName,
  type BucketSettings,
  type DatabaseSettings,
  oneOf,
  parseSettings,
  port,
  text,
  topicArn,
  type Variables,
} from "../platform/settings";

const endpoint = { S3_FORCE_PATH_STYLE: v.optional(oneOf(["true", "false"]), "false") };

/** Where banks write. */
const landingVariables = v.pipe(
  v.object({ LANDING_BUCKET: bucketName, ...endpoint }),
  v.transform((env): BucketSettings => ({
    bucket: env.LANDING_BUCKET,
    kmsKeyId: undefined,
    forcePathStyle: env.S3_FORCE_PATH_STYLE === "true",
  })),
);

/** Where intake keeps everything that it received. */
const bucketVariables = v.pipe(
  v.object({ INTAKE_BUCKET: bucketName, INTAKE_KMS_KEY_ID: v.optional(text), ...endpoint }),
  v.transform((env): BucketSettings => ({
    bucket: env.INTAKE_BUCKET,
    kmsKeyId: env.INTAKE_KMS_KEY_ID,
    forcePathStyle: env.S3_FORCE_PATH_STYLE === "true",
  })),
);

/** The connection of the role that loads. `DB_HOST` is not used: it may name a reader endpoint, which can't be written. */
const databaseVariables = v.pipe(
  v.object({
    INTAKE_DB_SECRET_ID: text,
    INTAKE_DB_HOST: v.optional(text),
    DB_PORT: v.optional(port),
    DB_NAME: v.optional(text),
    DB_SCHEMA: v.optional(text),
    DB_SSL: v.optional(oneOf(["verify-full", "disable"]), "verify-full"),
  }),
  v.transform((env): DatabaseSettings => ({
    secretId: env.INTAKE_DB_SECRET_ID,
    host: env.INTAKE_DB_HOST,
    port: env.DB_PORT,
    name: env.DB_NAME,
    schema: env.DB_SCHEMA,
    ssl: env.DB_SSL,
  })),
);

/** The SNS topics for people and for machines. */
const topicVariables = v.pipe(
  v.object({ NOTIFY_TOPIC_ARN: topicArn, INTAKE_TOPIC_ARN: topicArn }),
  v.transform((env) => ({ people: env.NOTIFY_TOPIC_ARN, machines: env.INTAKE_TOPIC_ARN })),
);

/** From a terminal, messages are sent only where they are wanted. */
const optionalTopics = v.pipe(
  v.object({ NOTIFY_TOPIC_ARN: v.optional(topicArn), INTAKE_TOPIC_ARN: v.optional(topicArn) }),
  v.transform((env) => ({ people: env.NOTIFY_TOPIC_ARN, machines: env.INTAKE_TOPIC_ARN })),
);

export interface Topics {
  readonly people: string | undefined;
  readonly machines: string | undefined;
}

/** Each parse throws a ConfigError that names every setting of the step that is missing or wrong. */
export const parseReceiveSettings = (variables: Variables) =>
  parseSettings({ landing: landingVariables, bucket: bucketVariables }, variables);

export const parseLoadSettings = (variables: Variables) =>
  parseSettings({ database: databaseVariables, bucket: bucketVariables }, variables);

export const parseBucketSettings = (variables: Variables) =>
  parseSettings({ bucket: bucketVariables }, variables);

export const parseSettleSettings = (variables: Variables) =>
  parseSettings({ landing: landingVariables, bucket: bucketVariables, topics: topicVariables }, variables);

/** Of a check that writes nothing. */
export const parseCheckSettings = (variables: Variables) =>
  parseSettings({ database: databaseVariables }, variables);

export const parseByHandSettings = (variables: Variables) =>
  parseSettings({ database: databaseVariables, bucket: bucketVariables, topics: optionalTopics }, variables);

/** The state machine that {@link import("./start").start} starts. */
export function parseStartSettings(variables: Variables): { readonly stateMachineArn: string } {
  const stateMachineArn = v.pipe(
    text,
    v.regex(/^arn:[^:\s]+:states:[^:\s]+:\d+:stateMachine:[\w-]+$/, "expected the ARN of a state machine"),
  );
  const { start } = parseSettings(
    { start: v.object({ INTAKE_STATE_MACHINE_ARN: stateMachineArn }) },
    variables,
  );
  return { stateMachineArn: start.INTAKE_STATE_MACHINE_ARN };
}
