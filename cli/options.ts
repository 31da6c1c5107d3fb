/** The flags that several commands have, and what they become. */
import { type Command, InvalidArgumentError, Option } from "commander";

import { defaultExtract, extractNames } from "../src/extract/definitions/index";
import { addMonths, monthOf } from "../src/platform/month";

/** How many months `status` and `report` look back on where none are named. */
export const MONTHS_BACK = 12;

export type Flags = Readonly<Record<string, unknown>>;

export function withMonths(command: Command): Command {
  return command
    .addOption(
      new Option("--extract <name>", "which extract").choices(extractNames).default(defaultExtract.name),
    )
    .option("--month <YYYY-MM>", "the month")
    .option("--from <YYYY-MM>", "the first month of a range …")
    .option("--to <YYYY-MM>", "… and its last");
}

export function withLoans(command: Command): Command {
  return command.option("--loans <number>", "how many loans are invented (200000 unless told)", wholeNumber);
}

export function scheduledTime(): Option {
  return new Option(
    "--scheduled-time <time>",
    "the month before this time's, as the schedule has it (ISO 8601)",
  );
}

export function asJson(what: string): Option {
  return new Option("--json", `print ${what} as JSON, alone on standard output`);
}

/** The last closed months where none are named. */
export function lookingBack(input: Flags): Flags {
  if (["month", "from", "to"].some((name) => name in input)) return input;
  const last = addMonths(monthOf(new Date()), -1);
  return { ...input, from: addMonths(last, 1 - MONTHS_BACK), to: last };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("Expected a whole number.");
}
