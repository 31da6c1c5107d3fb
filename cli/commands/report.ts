/** `report`: one HTML page of the published files. */
import type { Command } from "commander";

import { bucketSettings, help, NAME } from "../help";
import { type Flags, lookingBack, MONTHS_BACK, withMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { coloured } from "../terminal";

export function addReport(parent: Command): void {
  withMonths(parent.command("report"))
    .description(
      "make one HTML page of the published files: what is there, averages, control totals, restatements",
    )
    .option("--output <file>", "where the page goes", "report.html")
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} report`, `the last ${MONTHS_BACK} closed months`],
          [`${NAME} report --from 2025-10 --to 2026-09 --output report.html`, "a range"],
        ],
        bucketSettings,
        "The page needs no network: it can be sent, kept and printed.",
      ),
    )
    .action(async ({ output, ...input }: Flags) => {
      const { openPublished } = await import("../../src/extract/run");
      const { writeReport } = await import("../../report/report");
      await terminal.begin("reading what is published");
      const file = String(output);
      const { fileCount } = await ending.inTime(async (deadline) => {
        const published = await openPublished(lookingBack(input), edge(deadline));
        const madeAt = new Date();
        return writeReport(published, { file, madeAt, observe: (text) => terminal.progress(text) });
      });
      terminal.rest();
      terminal.say(coloured("green", `${file}  made of ${fileCount} published files`));
    });
}
