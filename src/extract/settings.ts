/** The extract's settings, read once from the environment at the edges. */
import * as v from "valibot";

import type { LineEnding } from "../platform/format/csv";
import {
  bucketName,
  type BucketSettings,
  databaseVariables,
  type DatabaseSettings,
  keyPrefix,
  mebibytes,
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

const outputVariables = v.pipe(
  v.object({
    EXTRACT_BUCKET: bucketName,
    EXTRACT_PREFIX: v.optional(keyPrefix, ""),
    EXTRACT_KEY_LAYOUT: v.optional(oneOf(keyLayouts), "plain"),
    EXTRACT_LINE_ENDING: v.optional(oneOf(["lf", "crlf"]), "lf"),
    EXTRACT_KMS_KEY_ID: v.optional(text),
    EXTRACT_HELD_MIB: v.optional(mebibytes),
    S3_FORCE_PATH_STYLE: v.optional(oneOf(["true", "false"]), "false"),
  }),
  v.transform((env): OutputSettings => ({
    bucket: {
      bucket: env.EXTRACT_BUCKET,
      kmsKeyId: env.EXTRACT_KMS_KEY_ID,
      forcePathStyle: env.S3_FORCE_PATH_STYLE === "true",
      ...(env.EXTRACT_HELD_MIB !== undefined && { heldBytes: env.EXTRACT_HELD_MIB }),
    },
    layout: { prefix: env.EXTRACT_PREFIX, folders: env.EXTRACT_KEY_LAYOUT },
    lineEnding: env.EXTRACT_LINE_ENDING === "crlf" ? "\r\n" : "\n",
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

/** The SNS topic for people: one message per failure. @throws ConfigError like {@link parseExtractSettings}. */
export function parseNotifySettings(variables: Variables): { readonly notifyTopicArn: string } {
  const { topics } = parseSettings({ topics: v.object({ NOTIFY_TOPIC_ARN: topicArn }) }, variables);
  return { notifyTopicArn: topics.NOTIFY_TOPIC_ARN };
}

/** The SNS topic for machines: one message per published month. @throws ConfigError likewise. */
export function parseAnnounceSettings(variables: Variables): { readonly announceTopicArn: string } {
  const { topics } = parseSettings({ topics: v.object({ ANNOUNCE_TOPIC_ARN: topicArn }) }, variables);
  return { announceTopicArn: topics.ANNOUNCE_TOPIC_ARN };
}
