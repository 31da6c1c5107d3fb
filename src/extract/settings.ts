/** The extract's settings, read once from the environment at the edges. */
import * as v from "valibot";

import type { LineEnding } from "../platform/format/csv";
import {
  bucketName,
  type BucketSettings,
  databaseVariables,
  type DatabaseSettings,
  keyPrefix,
  oneOf,
  parseSettings,
  text,
  topicArn,
  type Variables,
} from "../platform/settings";
import { keyLayouts, type Layout } from "./object-key";

export interface ExtractSettings {
  readonly database: DatabaseSettings;
  readonly output: OutputSettings;
}

/** Where files are published, and how they are written. */
export interface OutputSettings {
  readonly bucket: BucketSettings;
  readonly layout: Layout;
  readonly lineEnding: LineEnding;
}

/** Where `notify` reports what became of a run. */
export interface NotifySettings {
  /** SNS topic for people: one message per failure. */
  readonly peopleTopicArn: string;
  /** SNS topic for machines: one message per published month. */
  readonly machinesTopicArn: string;
}

const outputVariables = v.pipe(
  v.object({
    EXTRACT_BUCKET: bucketName,
    EXTRACT_PREFIX: v.optional(keyPrefix, ""),
    EXTRACT_KEY_LAYOUT: v.optional(oneOf(keyLayouts), "plain"),
    EXTRACT_LINE_ENDING: v.optional(oneOf(["lf", "crlf"]), "lf"),
    EXTRACT_KMS_KEY_ID: v.optional(text),
    S3_FORCE_PATH_STYLE: v.optional(oneOf(["true", "false"]), "false"),
  }),
  v.transform((env): OutputSettings => ({
    bucket: {
      bucket: env.EXTRACT_BUCKET,
      kmsKeyId: env.EXTRACT_KMS_KEY_ID,
      forcePathStyle: env.S3_FORCE_PATH_STYLE === "true",
    },
    layout: { prefix: env.EXTRACT_PREFIX, folders: env.EXTRACT_KEY_LAYOUT },
    lineEnding: env.EXTRACT_LINE_ENDING === "crlf" ? "\r\n" : "\n",
  })),
);

const notifyVariables = v.pipe(
  v.object({ NOTIFY_TOPIC_ARN: topicArn, ANNOUNCE_TOPIC_ARN: topicArn }),
  v.transform((env): NotifySettings => ({
    peopleTopicArn: env.NOTIFY_TOPIC_ARN,
    machinesTopicArn: env.ANNOUNCE_TOPIC_ARN,
  })),
);

/** @throws ConfigError that names every setting that is missing or wrong, with what was expected. */
export function parseExtractSettings(variables: Variables): ExtractSettings {
  return parseSettings({ database: databaseVariables, output: outputVariables }, variables);
}

/** The settings of the bucket alone, for commands that only read it. @throws ConfigError like {@link parseExtractSettings}. */
export function parseOutputSettings(variables: Variables): OutputSettings {
  return parseSettings({ output: outputVariables }, variables).output;
}

/** @throws ConfigError like {@link parseExtractSettings}. */
export function parseNotifySettings(variables: Variables): NotifySettings {
  return parseSettings({ notify: notifyVariables }, variables).notify;
}
