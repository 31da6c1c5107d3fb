/** `report`: one HTML page about the published files. */
import type { Command } from "commander";

import type { Variables } from "../../src/platform/settings";
import { bucketSettings, help, NAME } from "../help";
import { type Flags, lookingBack, MONTHS_BACK, withExtractMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { summed } from "../summing-up";
import { count } from "../wording";

/** Whether any of the lake's own settings is there; if some are missing, the error names them. */
function hasLake(variables: Variables): boolean {
  return ["LAKE_BUCKETS", "LAKE_LINEAGE_TABLE"].some((name) => (variables[name] ?? "") !== "");
}

export function addReport(parent: Command): void {
  withExtractMonths(parent.command("report"))
    .description(
      "make an HTML page from the published files: the month's figures, what to look into, remarkable changes, coverage",
    )
    .option("--output <file>", "the file to write; - for standard output", "report.html")
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} report`, `the last ${MONTHS_BACK} closed months`],
          [`${NAME} report --from 2025-10 --to 2026-09 --output report.html`, "a range"],
        ],
        [
          ...bucketSettings,
          ["LAKE_BUCKETS, LAKE_LINEAGE_TABLE", "the lake's settings; without them, the page has no lake"],
          ["INTAKE_BUCKET", "where deliveries are kept; without it, the page has none"],
        ],
        "The page needs no network, so it can be sent, archived and printed.",
      ),
    )
    .action(
      summed(async ({ output, ...flags }: Flags) => {
        const { openPublished } = await import("../../src/extract/run");
        const { openForReading } = await import("../../src/lake/run");
        const { makeReport } = await import("../../report/report");
        const { readDeliveryFigures } = await import("../../report/deliveries");
        const { expectWritable, writeWhole } = await import("../whole-file");
        const file = String(output);
        const isPrinted = file === "-";
        if (!isPrinted) await expectWritable(file);
        await terminal.begin("reading the published files");
        const { html, fileCount, problems } = await ending.inTime(async (deadline) => {
          const here = edge(deadline);
          const published = await openPublished(lookingBack(flags), here);
          const lake = hasLake(here.environment) ? await openForReading(here) : undefined;
          return makeReport(published, {
            ...{ madeAt: here.now(), observe: (text) => terminal.progress(text) },
            beside: lake === undefined ? {} : { lake },
            readDeliveries: (months) => readDeliveryFigures(months, here),
          });
        });
        terminal.rest();
        if (isPrinted) terminal.print(html);
        else await writeWhole(file, html);
        const source = `made from ${count(fileCount, "published file")}, ${problems.length} to look into`;
        return isPrinted ? source : `${file}  ${source}`;
      }),
    );
}
