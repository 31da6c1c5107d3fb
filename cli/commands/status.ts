/** `status`: a calendar of what is published. */
import type { Command } from "commander";

import { showExecutions } from "../executions/show";
import { bucketSettings, help, NAME } from "../help";
import { asJson, type Flags, inputFrom, lookingBack, MONTHS_BACK, withExtractMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { Steps } from "../steps";
import { summed } from "../summing-up";
import { coloured, type Paint } from "../terminal";

export function addStatus(parent: Command): void {
  withExtractMonths(parent.command("status"))
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
    .action(
      summed(async ({ verify, stage, ...flags }: Flags) => {
        if (stage !== undefined) return showExecutions(stage as string);
        const { openPublished } = await import("../../src/extract/run");
        const { readStatuses } = await import("../../src/extract/statuses");
        const { headingOf, outlook } = await import("../outlook");
        const { calendar } = await import("../calendar");
        const { deliveriesJson, deliveriesOf } = await import("../deliveries");
        const { deliveriesText } = await import("../delivery-calendar");
        await terminal.begin("connecting to the bucket");
        const input = inputFrom(flags);
        const steps = await Steps.of(lookingBack(input));
        const { months, place } = await ending.inTime(async (deadline) => {
          const published = await openPublished(lookingBack(input), edge(deadline));
          const { bucket, layout } = published.output;
          const statuses = await readStatuses(published, verify === true, (month) => {
            terminal.progress(`${steps.where}reading ${month}`);
            steps.next();
          });
          const { name: extract } = published.request.definition;
          return { months: statuses, place: { extract, bucket: bucket.bucket, prefix: layout.prefix } };
        });
        terminal.progress("looking for deliveries");
        const delivered = await ending.inTime((deadline) => deliveriesOf(input, months, edge(deadline)));
        const view = outlook(place.extract, months, new Date());
        const paint: Paint = (colour, text) => coloured(colour, text, "stdout");
        terminal.printResult(
          { ...place, months, next: view.next, ...deliveriesJson(delivered) },
          `${headingOf(place)}\n\n${calendar(months, paint)}\n${view.lines.join("\n")}\n` +
            deliveriesText(delivered, paint),
        );
        return view.summary;
      }),
    );
}
