/** The text below the flags in a command's help: examples, settings and exit codes. */
import { coloured } from "./terminal";

export const NAME = "npx bank-batch";

type Lines = readonly (readonly [name: string, meaning: string])[];

export const bucketSettings: Lines = [
  ["EXTRACT_BUCKET, EXTRACT_PREFIX", "where the files are"],
  ["AWS_REGION, AWS_PROFILE, …", "as every program on the AWS SDK reads them"],
];

export const databaseSettings: Lines = [
  ["DB_SECRET_ID", "the secret with the database's user and password"],
  ["DB_HOST, DB_PORT, DB_NAME, DB_SCHEMA", "what completes or overrides the secret"],
  ["DB_SSL", "verify-full (default) or disable"],
  ["EXTRACT_KEY_LAYOUT, EXTRACT_LINE_ENDING", "plain or hive, lf or crlf"],
  ["EXTRACT_KMS_KEY_ID", "the key that encrypts the files"],
];

/** What stands below a command's flags. */
export function help(examples: Lines, settings: Lines, remark?: string): string {
  const exitCodes: Lines = [
    ["0", "done"],
    ["1", "failed, and a retry won't cure it"],
    ["64", "wrong input or settings"],
    ["75", "worth a retry"],
    ["130", "ended by Ctrl-C, in good order"],
  ];
  const section = (title: string, lines: Lines): string => {
    if (lines.length === 0) return "";
    const width = Math.max(...lines.map(([name]) => name.length));
    const told = lines.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
    return `\n${coloured("bold", `${title}:`, "stdout")}\n${told.join("\n")}\n`;
  };
  return [
    section("Examples", examples),
    section("Settings, from the environment (docs/contract.md, section 5)", settings),
    section("Exit codes", exitCodes),
    ...(remark === undefined ? [] : [`\n${remark}\n`]),
  ].join("");
}
