/** The command line's entry point: flags in, the same run as the Lambda's, words for people on standard error. */
import { randomUUID } from "node:crypto";

import { Command, CommanderError } from "commander";

import { version } from "../package.json";
import { type Deadline, withDeadline } from "./deadline";
import { ExtractError } from "./errors";
import type { RunEvent } from "./extract";
import { defaultExtract, extractNames } from "./extracts";
import { run, verify } from "./run";
import { expectVerified } from "./verification";

const WRONG_INPUT = 64;

/** What only this edge knows. */
const edge = () => ({ environment: process.env, now: () => new Date(), runId: randomUUID() });

const HOUR_MS = 3_600_000;

/** No command runs for ever, whatever database and network do. */
function inTime<Result>(command: (deadline: Deadline) => Promise<Result>): Promise<Result> {
  return withDeadline(TIME_LIMIT_HOURS * HOUR_MS, "Ask for fewer months at once.", command);
}

const TIME_LIMIT_HOURS = 6;

function program(): Command {
  const command = new Command("bank-loan-extract")
    .description(
      "Each bank's 3-month moving average of loan amounts per branch, from Aurora PostgreSQL to S3.",
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, "Error: "));
      },
    });

  withMonths(command.command("run", { isDefault: true }))
    .description("extract a closed month, or a range of them, and publish all banks' files or none")
    .option("--restate", "allow a published month to change; its revision goes up by one")
    .option("--dry-run", "do everything but publish, and say what would happen")
    .addHelpText(
      "after",
      `
Examples:
  npm run extract -- --month 2026-09
  npm run extract -- --from 2026-01 --to 2026-06 --dry-run
${COMMON_HELP}`,
    )
    .action(async ({ json, ...input }: Flags) => {
      const summary = await inTime((deadline) => run(input, { ...edge(), deadline, observe: tell }));
      if (json) print(summary);
    });

  withMonths(command.command("verify"))
    .description("check published months by their manifests: every object's bytes, SHA-256, rows and totals")
    .addHelpText("after", `\nExample:\n  npm run extract -- verify --month 2026-09\n${COMMON_HELP}`)
    .action(async ({ json, ...input }: Flags) => {
      const months = await inTime((deadline) =>
        verify(input, { ...edge(), deadline }, ({ month, status, revision }) => {
          say(`${month}  ${status}${revision === undefined ? "" : `, revision ${revision}`}`);
        }),
      );
      if (json) print({ months });
      expectVerified(months);
    });
  return command;
}

type Flags = { readonly json?: true } & Readonly<Record<string, unknown>>;

const COMMON_HELP = `
Settings come from the environment (docs/contract.md, section 5). Exit codes: 0 done, 1 failed and a retry
won't cure it, 64 wrong input or settings, 75 worth a retry.`;

function withMonths(command: Command): Command {
  return command
    .option("--extract <name>", `which extract: ${extractNames.join(" or ")}`, defaultExtract.name)
    .option("--month <YYYY-MM>", "the month")
    .option("--from <YYYY-MM>", "the first month of a range …")
    .option("--to <YYYY-MM>", "… and its last")
    .option("--scheduled-time <time>", "the month before this time's, as the schedule has it (ISO 8601)")
    .option("--json", "print the summary as JSON, alone on standard output");
}

function print(summary: unknown): void {
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}

function tell(event: RunEvent): void {
  const line = describe(event);
  if (line !== undefined) say(line);
}

function describe(event: RunEvent): string | undefined {
  switch (event.step) {
    case "connected":
      return `connected to ${event.database} on ${event.host}`;
    case "reading":
      return undefined;
    case "staged":
    case "compared":
      return `${event.month}  ${event.step}  ${event.key}  ${event.rowCount} rows, ${event.byteCount} bytes`;
    case "reconciled":
      return `${event.month}  reconciled with the table loans`;
    case "done":
      return `${event.month}  ${event.dryRun ? "would be " : ""}${event.status}, revision ${event.revision}  ${event.manifest}`;
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The exit code of a failure, told on standard error. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_INPUT;
  if (!(error instanceof ExtractError)) {
    say(`Error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    say("Try:   this is a bug of the program; please report it with the lines above.");
    return 1;
  }
  say(`Error: ${error.message}`);
  if (error.monthsDone.length > 0) say(`Done:  ${error.monthsDone.join(", ")} before it, and they stay so`);
  say(`Try:   ${error.hint}`);
  return error.exitCode;
}

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    process.exitCode = fail(error);
  }
}

void main();
