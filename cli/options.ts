/** The flags that several commands share. */
import { userInfo } from "node:os";

import { type Command, InvalidArgumentError, Option } from "commander";

import { defaultExtract, extractNames } from "../src/extract/definitions/index";
import { RequestError } from "../src/platform/errors";
import { addMonths, monthOf } from "../src/platform/month";
import type { Manner } from "./terminal";

/** How many months `status` and `report` cover by default. */
export const MONTHS_BACK = 12;

export type Flags = Readonly<Record<string, unknown>>;

/** Adds the flags that every command has. */
export function withManner(program: Command): Command {
  return program
    .option("-q, --quiet", "write nothing but results and errors")
    .option("--verbose", "start each line of progress with the time, and show the causes of an error");
}

/** How to behave, by the words of the command line: also if commander can't parse them. */
export function mannerOf(words: readonly string[]): Manner {
  const has = (...flags: readonly string[]) => flags.some((flag) => words.includes(flag));
  return { json: has("--json"), quiet: has("-q", "--quiet"), verbose: has("--verbose") };
}

/** A single month, or a range. */
export function withMonths(command: Command): Command {
  return command
    .option("--month <YYYY-MM>", "a single month")
    .option("--from <YYYY-MM>", "the first month of a range")
    .option("--to <YYYY-MM>", "the last month of a range");
}

export function extractOption(): Option {
  return new Option("--extract <name>", "the name of the extract")
    .choices(extractNames)
    .default(defaultExtract.name);
}

/** The months of an extract. */
export function withExtractMonths(command: Command): Command {
  return withMonths(command.addOption(extractOption()));
}

export function withLoans(command: Command): Command {
  return command.option("--loans <number>", "how many loans to invent (default: 200000)", wholeNumber);
}

export function scheduledTime(): Option {
  return new Option(
    "--scheduled-time <time>",
    "use the month before this time, as the schedule does (ISO 8601)",
  );
}

export function asJson(what: string): Option {
  return new Option("--json", `write only ${what} to standard output, as JSON; a failure too`);
}

/** The flags that a pipeline gets as its input: the others say how to print the result. */
export function inputFrom(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => name !== "json"));
}

/** Says who changes a month, if the flags say why and not who. */
export function signed(input: Flags): Flags {
  return input["reason"] === undefined ? input : { by: login(), ...input };
}

/** The name of this login; its number in a container that has no name for it. */
function login(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

/** The deployment stage that a command is about. */
export function stageOption(): Option {
  return new Option("--stage <name>", "the deployment stage, such as dev or prod").makeOptionMandatory();
}

/** @throws RequestError if this can't be the name of a stage. */
export function parseStage(name: string): string {
  if (/^[a-z][a-z0-9]*$/.test(name)) return name;
  throw new RequestError(`wrong input: stage: expected a name such as dev, not ${JSON.stringify(name)}`, {
    hint: "Give the stage that serverless deploy got.",
  });
}

/** Whether the input names a month or a range. */
export function namesMonths(input: Flags): boolean {
  return ["month", "from", "to"].some((name) => name in input);
}

/** Adds the default range, the last closed months, if the input names no month. */
export function lookingBack(input: Flags): Flags {
  if (namesMonths(input)) return input;
  const last = addMonths(monthOf(new Date()), -1);
  return { ...input, from: addMonths(last, 1 - MONTHS_BACK), to: last };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("Expected a whole number above 0.");
}
