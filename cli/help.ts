/** The text below the flags in a command's help: examples, settings and exit codes. */
import { coloured } from "./terminal";

export const NAME = "npx bank-batch";

type Lines = readonly (readonly [name: string, meaning: string])[];

export const bucketSettings: Lines = [
  ["EXTRACT_BUCKET, EXTRACT_PREFIX", "where the files are"],
  ["AWS_REGION, AWS_PROFILE, …", "the usual settings of the AWS SDK"],
];

export const lakeSettings: Lines = [
  ["EXTRACT_BUCKET, EXTRACT_PREFIX", "where the extracts are published"],
  ["INTAKE_BUCKET", "where intake archives deliveries; without it, the lake has none"],
  ["LAKE_BUCKETS", "the tenants' buckets, with {tenant} in the place of the tenant's id"],
  ["LAKE_LINEAGE_TABLE", "the DynamoDB table with the lineage"],
  ["LAKE_TENANTS_FILE", "the list of tenants (default: tenants.json of the project)"],
  ["AWS_REGION, AWS_PROFILE, …", "the usual settings of the AWS SDK"],
];

export const databaseSettings: Lines = [
  ["DB_SECRET_ID", "the secret with the database's user and password"],
  ["DB_HOST, DB_PORT, DB_NAME, DB_SCHEMA", "complete or override the secret"],
  ["DB_SSL", "verify-full (default) or disable"],
  ["EXTRACT_KEY_LAYOUT, EXTRACT_LINE_ENDING", "plain or hive, lf or crlf"],
  ["EXTRACT_KMS_KEY_ID", "the key that encrypts the files"],
  ["EXTRACT_HELD_MIB", "MiB of staged files that may wait in memory, 16 by default"],
];

export const intakeSettings: Lines = [
  ["INTAKE_DB_SECRET_ID", "the secret with the user and password of the role that loads"],
  ["INTAKE_DB_HOST, DB_PORT, DB_NAME, DB_SCHEMA", "complete or override the secret"],
  ["DB_SSL", "verify-full (default) or disable"],
  ["INTAKE_BUCKET, INTAKE_KMS_KEY_ID", "where files and reports are kept; a dry run needs no bucket"],
  ["NOTIFY_TOPIC_ARN, INTAKE_TOPIC_ARN", "topics for people and machines; without them, no messages"],
  ["AWS_REGION, AWS_PROFILE, …", "the usual settings of the AWS SDK"],
];

export function help(examples: Lines, settings: Lines, remark?: string): string {
  const exitCodes: Lines = [
    ["0", "done"],
    ["1", "failed; a retry won't help"],
    ["64", "wrong input or settings"],
    ["75", "failed; a retry may succeed"],
    ["130", "stopped by Ctrl-C"],
  ];
  const section = (title: string, lines: Lines): string => {
    if (lines.length === 0) return "";
    const width = Math.max(...lines.map(([name]) => name.length));
    const aligned = lines.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
    return `\n${coloured("bold", `${title}:`, "stdout")}\n${aligned.join("\n")}\n`;
  };
  return [
    section("Examples", examples),
    section("Settings (environment variables; see docs/contract.md, section 5)", settings),
    section("Exit codes", exitCodes),
    ...(remark === undefined ? [] : [`\n${remark}\n`]),
  ].join("");
}
