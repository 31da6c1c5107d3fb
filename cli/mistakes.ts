/** Mistyped commands and flags: what was meant, and where the right ones are listed. */
import { type Command, CommanderError } from "commander";

import { RequestError } from "../src/platform/errors";
import { NAME } from "./help";

/** The words that a person typed after the program's name. */
export type Words = readonly string[];

/**
 * The error that a command line ends with: commander's own become a {@link RequestError}, which reads like every other.
 *
 * @returns undefined if there is nothing to report: the help was asked for.
 */
export function explain(error: unknown, program: Command, words: Words): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.exitCode === 0) return undefined;
  const typed = commandOf(program, words);
  const command = [NAME, ...typed].join(" ");
  // Without a subcommand, commander has printed the help already.
  if (error.code === "commander.help") {
    return new RequestError("a command is missing", { hint: `Name one: ${command} --help lists them.` });
  }
  return new RequestError(error.message.replace(/^error: /, ""), {
    hint: `${hintFor(error, words)}${command} --help lists ${typed.length === 0 ? "the commands" : "the flags"}.`,
    cause: error,
  });
}

function hintFor({ code }: CommanderError, words: Words): string {
  const month = words.find((word) => /^\d{4}-\d\d$/.test(word));
  const isLoose = code === "commander.excessArguments" && month !== undefined;
  return isLoose ? `Give a month with its flag: --month ${month}. ` : "";
}

/** The longest run of words that are commands, one inside the other: `local up`. */
function commandOf(program: Command, words: Words): string[] {
  const [word, ...rest] = words.filter((each) => !each.startsWith("-"));
  const found = program.commands.find((each) => each.name() === word);
  return found === undefined ? [] : [found.name(), ...commandOf(found, rest)];
}
