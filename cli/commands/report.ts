/** `report`: one HTML page about the published files. */
import type { Command } from "commander";

import { bucketSettings, help, NAME } from "../help";
import { type Flags, lookingBack, MONTHS_BACK, withMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { coloured } from "../terminal";

export function addReport(parent: Command): void {
  withMonths(parent.command("report"))
    .description(
      "make an HTML page from the published files: calendar, averages, control totals, restatements",
    )
    .option("--output <file>", "the file to write", "report.html")
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} report`, `the last ${MONTHS_BACK} closed months`],
          [`${NAME} report --from 2025-10 --to 2026-09 --output report.html`, "a range"],
        ],
        [...bucketSettings, ["INTAKE_BUCKET", "where deliveries are kept; without it, the page has none"]],
        "The page needs no network, so it can be sent, archived and printed.",
      ),
    )
    .action(async ({ output, ...input }: Flags) => {
      const { openPublished } = await import("../../src/extract/run");
      const { writeReport } = await import("../../report/report");
      const { readDeliveryFigures } = await import("../../report/deliveries");
      await terminal.begin("reading the published files");
      const file = String(output);
      const { fileCount } = await ending.inTime(async (deadline) => {
        const published = await openPublished(lookingBack(input), edge(deadline));
        const madeAt = new Date();
        return writeReport(published, {
          ...{ file, madeAt, observe: (text) => terminal.progress(text) },
          readDeliveries: (months) => readDeliveryFigures(months, edge(deadline)),
        });
      });
      terminal.rest();
      terminal.say(coloured("green", `${file}  made from ${fileCount} published files`));
    });
}
