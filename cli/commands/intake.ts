/** `intake`: takes a bank's files into the database. */
import { stat } from "node:fs/promises";

import type { Command } from "commander";

import type { IntakeEvent, Taken } from "../../src/intake/by-hand";
import type { Edge } from "../../src/platform/edge";
import { RequestError } from "../../src/platform/errors";
import { help, intakeSettings, NAME } from "../help";
import { asJson, type Flags } from "../options";
import { edge, ending, terminal } from "../session";
import { Parts, summed } from "../summing-up";
import { megabytes, sumOfStates } from "../wording";

export function addIntake(parent: Command): void {
  parent
    .command("intake")
    .argument("[files...]", "files of the bank, named <feed>_<YYYYMMDD>T<HHMMSS>Z.dat or .dat.gz")
    .description("check files of a bank and load each one whole or not at all, in the order of the feeds")
    .option("--bank <BankName>", "the bank that the files are from, as in keys: FirstNational")
    .option("--replay <key>", "take a delivery in raw/ or error/ of intake's bucket again")
    .option("--dry-run", "check everything against the database, and load nothing")
    .addOption(asJson("what became of the files"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} intake loans_20260930T220000Z.dat --bank FirstNational`, "one file"],
          [
            `${NAME} intake *_20260930T220000Z.dat --bank FirstNational`,
            "a day's files, in the feeds' order",
          ],
          [`${NAME} intake *.dat --bank FirstNational --dry-run`, "check them, and load nothing"],
          [`${NAME} intake --replay raw/FirstNational/loans_….dat`, "a delivery of the bucket again"],
        ],
        intakeSettings,
        "It exits with 1 if a file is rejected, and with 75 if a file refers to rows that don't exist yet.\n" +
          "A file whose content was loaded before is unchanged, which is no failure.",
      ),
    )
    .action(
      summed(async (files: string[], flags: Flags) => {
        const { expectTaken } = await import("../../src/intake/by-hand");
        const { plan, take } = await planned(files, flags);
        await terminal.begin("connecting");
        const taken = new Parts<Taken>("files", ({ file, outcome }) => `${file} ${outcome}`);
        await taken.during(async () => {
          for (const file of plan) {
            const result = await ending.inTime((deadline) => take(file, edge(deadline), showStep));
            taken.done.push(result);
            show(result, flags["dryRun"] === true);
          }
        });
        return {
          sum: sumOfStates(
            taken.done.map(({ outcome }) => outcome),
            "file",
          ),
          judge: () => {
            expectTaken(taken.done);
          },
        };
      }),
    );
}

type Take = (file: string, edge: Edge, observe: (event: IntakeEvent) => void) => Promise<Taken>;

/** @throws RequestError if the input names no files, or a replay beside files. */
async function planned(
  files: readonly string[],
  { bank, replay, dryRun }: Flags,
): Promise<{ plan: readonly string[]; take: Take }> {
  const { checkFile, inFeedOrder, intakeAgain, intakeFile } = await import("../../src/intake/by-hand");
  if (typeof replay === "string") {
    if (files.length === 0 && bank === undefined && dryRun !== true)
      return { plan: [replay], take: intakeAgain };
    throw wrongInput("--replay takes no files, no --bank and no --dry-run");
  }
  if (files.length === 0) throw wrongInput("no files");
  if (typeof bank !== "string") throw wrongInput("--bank is missing");
  await Promise.all(files.map(expectFile));
  const each = dryRun === true ? checkFile : intakeFile;
  return {
    plan: inFeedOrder(files),
    take: (file, edge, observe) => each(file, bank, edge, observe),
  };
}

function wrongInput(what: string): RequestError {
  return new RequestError(`wrong input: ${what}`, { hint: `See ${NAME} intake --help.` });
}

async function expectFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) throw wrongInput(`${file} is not a file`);
}

const verbs = { receiving: "copying", staging: "writing Parquet of", settling: "archiving" } as const;

function showStep(event: IntakeEvent): void {
  terminal.progress(
    event.step === "loading"
      ? `${event.file}  ${event.records.toLocaleString("en")} records  ${megabytes(event.byteCount)}`
      : `${verbs[event.step]} ${event.file}`,
  );
}

const colours = { loaded: "green", unchanged: "green", rejected: "red", failed: "red" } as const;

function show(taken: Taken, isDryRun: boolean): void {
  const { file, outcome, counts, problems, problemCount, report } = taken;
  const summary = counts === undefined ? "" : `  ${countsOf(counts)}`;
  terminal.result(`${file}  ${isDryRun ? "would be " : ""}${outcome}${summary}`, colours[outcome]);
  if (outcome === "rejected" || taken.rejectedRecords > 0) {
    for (const { line, column, reason } of problems) {
      const where = line === undefined ? "the file" : `line ${line}`;
      terminal.result(`  ${where}${column === undefined ? "" : `, ${column}`}: ${reason}`);
    }
    if (problemCount > problems.length) terminal.result(`  … and ${problemCount - problems.length} more`);
  }
  if (report !== undefined) terminal.result(`  report: ${report}`, "dim");
}

function countsOf({ records, ...changes }: NonNullable<Taken["counts"]>): string {
  const parts = Object.entries(changes).filter(([, count]) => count > 0);
  const shown = parts.map(([name, count]) => `${count.toLocaleString("en")} ${name}`);
  return `${records.toLocaleString("en")} records${shown.length === 0 ? "" : `: ${shown.join(", ")}`}`;
}
