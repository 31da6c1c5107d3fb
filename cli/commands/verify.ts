/** `verify`: checks published months by their manifests. */
import type { Command } from "commander";

import type { MonthVerification } from "../../src/extract/verification";
import { bucketSettings, help, NAME } from "../help";
import { asJson, type Flags, scheduledTime, withMonths } from "../options";
import { verifyLakeMonths } from "./lake";
import { edge, ending, terminal } from "../session";
import { Steps } from "../steps";
import { count, occurrences, tally } from "../wording";

const colours = { verified: "green", withdrawn: "yellow", missing: "red", damaged: "red" } as const;

export function addVerify(parent: Command): void {
  withMonths(parent.command("verify"))
    .description(
      "check published months by their manifests: the bytes, SHA-256, rows and totals of every file",
    )
    .addOption(scheduledTime())
    .option("--lake", "instead, check what the lake has of the months: files, totals and lineage")
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
    .action(async ({ json, lake, ...input }: Flags) => {
      if (lake === true) {
        const { extract: dataset, ...months } = input;
        await verifyLakeMonths({ dataset, ...months }, json === true);
        return;
      }
      const { verify } = await import("../../src/extract/run");
      const { expectVerified } = await import("../../src/extract/verification");
      await terminal.begin("reading the published files");
      const steps = await Steps.of(input);
      terminal.progress(`${steps.where}reading the published files`);
      const months: MonthVerification[] = [];
      try {
        await ending.inTime((deadline) =>
          verify(input, edge(deadline), (verification) => {
            const { month, status, revision } = verification;
            const line = `${month}  ${status}${revision === undefined ? "" : `, revision ${revision}`}`;
            terminal.result(line, colours[status]);
            months.push(verification);
            steps.next();
            terminal.progress(`${steps.where}reading the published files`);
          }),
        );
      } finally {
        // If a month could not be read, the findings of the months before it are not lost.
        if (json === true && months.length > 0) terminal.printJson({ months });
      }
      terminal.sumUp(
        `${count(months.length, "month")}: ${tally(occurrences(months.map(({ status }) => status)))}`,
      );
      expectVerified(months);
    });
}
