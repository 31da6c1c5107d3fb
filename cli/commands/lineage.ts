/** `lineage`: leads from a file of the lake back to the database. */
import type { Command } from "commander";

import type { Present } from "../../src/lake/origin";
import { help, lakeSettings, NAME } from "../help";
import { asJson } from "../options";
import { edge, ending, terminal } from "../session";
import { summed } from "../summing-up";
import { coloured } from "../terminal";
import { count } from "../wording";

const colours = { "as recorded": "green", "other bytes": "red", gone: "red" } as const;

export function addLineage(parent: Command): void {
  parent
    .command("lineage <file>")
    .description("show where a Parquet file of the lake comes from, back to the statement and the snapshot")
    .addOption(asJson("the lineage"))
    .addHelpText(
      "after",
      help(
        [
          [
            `${NAME} lineage s3://<bucket>/analytics-ready/…/<sha256>.parquet`,
            "with every SHA-256 computed again",
          ],
        ],
        lakeSettings,
        "It exits with 1 if the file or its source is gone, or has other bytes than the lineage says.",
      ),
    )
    .action(
      summed(async (file: string) => {
        const { openForReading } = await import("../../src/lake/run");
        const { expectOrigin, originLines, originOf } = await import("../../src/lake/origin");
        await terminal.begin("reading the files");
        const origin = await ending.inTime(async (deadline) =>
          originOf(await openForReading(edge(deadline)), file),
        );
        const paint = (present: Present) => coloured(colours[present], present, "stdout");
        terminal.printResult(origin, `${originLines(origin, paint).join("\n")}\n`);
        return {
          sum: `${count(origin.contents.length, "content")} of 1 file`,
          judge: () => {
            expectOrigin(origin);
          },
        };
      }),
    );
}
