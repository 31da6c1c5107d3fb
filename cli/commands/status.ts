/** `status`: a calendar of what is published. */
import type { Command } from "commander";

import { bucketSettings, help, NAME } from "../help";
import { asJson, type Flags, lookingBack, MONTHS_BACK, withMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { showExecutions } from "./executions";
import { type Colour, coloured } from "../terminal";

export function addStatus(parent: Command): void {
  withMonths(parent.command("status"))
    .description(
      "show calendars of the published months and of the deliveries of each bank; reads only the buckets",
    )
    .option("--verify", "read every file in full, instead of only checking that it exists")
    .option("--stage <name>", "show the running and failed executions of this deployment stage instead")
    .addOption(asJson("the status"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} status`, `the last ${MONTHS_BACK} closed months`],
          [`${NAME} status --from 2025-01 --to 2026-09`, "a range"],
          [`${NAME} status --verify --json`, "for a machine, after reading every byte"],
        ],
        [
          ...bucketSettings,
          ["INTAKE_BUCKET", "where deliveries are kept; without it, only the extract's months"],
        ],
        "It exits with 0 whatever it finds. Use verify to fail on missing or damaged months.",
      ),
    )
    .action(async ({ json, verify, stage, ...input }: Flags) => {
      if (stage !== undefined) return showExecutions(stage as string, json === true);
      const { openPublished } = await import("../../src/extract/run");
      const { readStatus } = await import("../../src/extract/status");
      const { calendar } = await import("../calendar");
      const { deliveriesJson, deliveriesOf, deliveriesText } = await import("../deliveries");
      await terminal.begin("connecting to the bucket");
      const months = await ending.inTime(async (deadline) => {
        const { objects, output, request } = await openPublished(lookingBack(input), edge(deadline));
        const found = [];
        for (const month of request.months) {
          terminal.progress(`reading ${month}`);
          found.push(await readStatus(objects, output.layout, request.definition, month, verify === true));
        }
        return found;
      });
      terminal.progress("looking for deliveries");
      const delivered = await ending.inTime((deadline) => deliveriesOf(input, months, edge(deadline)));
      terminal.rest();
      if (json === true) {
        terminal.printJson({ extract: input["extract"], months, ...deliveriesJson(delivered) });
        return;
      }
      const paint = (colour: Colour, text: string) => coloured(colour, text, "stdout");
      terminal.print(calendar(months, paint));
      const problems = months.flatMap((month) => month.problems);
      if (problems.length > 0) terminal.print(`\n${problems.join("\n")}\n`);
      terminal.print(deliveriesText(delivered, paint));
    });
}
