/** `verify`: checks published months by their manifests. */
import type { Command } from "commander";

import type { MonthVerification } from "../../src/extract/verification";
import { bucketSettings, help, NAME } from "../help";
import { asJson, type Flags, inputFrom, scheduledTime, withExtractMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { Steps } from "../steps";
import { Parts, summed } from "../summing-up";
import { sumOfStates } from "../wording";
import { verifyLakeMonths } from "./lake";

const colours = { verified: "green", withdrawn: "yellow", missing: "red", damaged: "red" } as const;

export function addVerify(parent: Command): void {
  withExtractMonths(parent.command("verify"))
    .description(
      "check published months by their manifests: the bytes, SHA-256, rows and totals of every file",
    )
    .addOption(scheduledTime())
    .option("--lake", "instead, check what the lake has of the months: files, totals and lineage")
    .option("--dataset <name>", "with --lake: of this dataset, such as transactions (default: the extract's)")
    .addOption(asJson("the findings"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} verify --month 2026-09`, "one month"],
          [`${NAME} verify --from 2026-01 --to 2026-09`, "a range"],
          [`${NAME} verify --month 2026-09 --lake`, "the month's files in the lake"],
        ],
        bucketSettings,
        "It exits with 1 if a month is missing or damaged, and with 75 if a month could not be read.",
      ),
    )
    .action(
      summed(async ({ lake, dataset, ...flags }: Flags) => {
        const input = inputFrom(flags);
        if (lake === true) {
          const { extract, ...months } = input;
          return verifyLakeMonths({ dataset: dataset ?? extract, ...months });
        }
        const { verify } = await import("../../src/extract/run");
        const { expectVerified } = await import("../../src/extract/verification");
        await terminal.begin("reading the published files");
        const steps = await Steps.of(input);
        terminal.progress(`${steps.where}reading the published files`);
        const months = new Parts<MonthVerification>("months", ({ month }) => month);
        await months.during(() =>
          ending.inTime((deadline) =>
            verify(input, edge(deadline), (verification) => {
              months.done.push(verification);
              terminal.result(lineOf(verification), colours[verification.status]);
              steps.next();
              terminal.progress(`${steps.where}reading the published files`);
            }),
          ),
        );
        return {
          sum: sumOfStates(
            months.done.map(({ status }) => status),
            "month",
          ),
          judge: () => {
            expectVerified(months.done);
          },
        };
      }),
    );
}

function lineOf({ month, status, revision }: MonthVerification): string {
  return `${month}  ${status}${revision === undefined ? "" : `, revision ${revision}`}`;
}
