/** `extract`: publishes months. */
import type { Command } from "commander";

import type { MonthSummary } from "../../src/extract/events";
import { bucketSettings, databaseSettings, help, NAME } from "../help";
import { asJson, type Flags, inputFrom, scheduledTime, signed, withExtractMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { Steps } from "../steps";
import { Parts, summed } from "../summing-up";

export function addExtract(parent: Command): void {
  withExtractMonths(parent.command("extract"))
    .description("extract a closed month or a range of months, and publish the files of all banks or of none")
    .addOption(scheduledTime())
    .option("--restate", "allow a published month to change, which raises its revision by one")
    .option("--reason <text>", "with --restate: why the month changes; the manifest keeps it")
    .option("--by <name>", "with --reason: who changes it (default: the name of this login)")
    .option("--allow-empty", "publish a month even if no bank has any data of it")
    .option("--diff", "publish nothing, and show by bank and branch what would change in published months")
    .option("--dry-run", "do everything except publish, and show what would happen")
    .addOption(asJson("the summary"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} extract --month 2026-09`, "one closed month"],
          [`${NAME} extract --from 2026-01 --to 2026-06`, "a backfill, in one pass over the data"],
          [`${NAME} extract --month 2026-09 --dry-run`, "everything except publishing"],
          [`${NAME} extract --month 2026-09 --diff`, "what differs from the published files, row by row"],
          [
            `${NAME} extract --month 2026-09 --restate --reason "late loans"`,
            "allow a published month to change",
          ],
          [`${NAME} extract --month 2026-09 --allow-empty`, "publish a month without any data"],
        ],
        [...databaseSettings, ...bucketSettings],
      ),
    )
    .action(
      summed(async (flags: Flags) => {
        const { run } = await import("../../src/extract/run");
        const { RunProgress } = await import("../progress");
        const { changesOf, laterLines } = await import("../changes");
        await terminal.begin("connecting to the database");
        const input = signed(inputFrom(flags));
        const months = new Parts<MonthSummary>("months", ({ month }) => month);
        const progress = new RunProgress(terminal, await Steps.of(input), input["extract"], months.done);
        const observe = progress.observe.bind(progress);
        const summary = await months
          .during(() => ending.inTime((deadline) => run(input, edge(deadline), observe)))
          .catch(async (error: unknown) => {
            await showRefusal(error, months.done);
            throw error;
          });
        terminal.printJson(summary);
        for (const { month, changes } of summary.months) {
          if (changes !== undefined) for (const line of changesOf(month, changes)) terminal.result(line);
        }
        for (const line of laterLines(summary)) terminal.say(line);
        return progress.sumUp(summary.months, summary.dryRun === true);
      }),
    );
}

/** A month that would change is refused; what would change is a result of the run, like the months before. */
async function showRefusal(error: unknown, before: readonly MonthSummary[]): Promise<void> {
  const { WouldChangeError } = await import("../../src/extract/refusal");
  if (!(error instanceof WouldChangeError) || error.changes === undefined) return;
  const { changes, compared } = error;
  const { changesOf } = await import("../changes");
  for (const line of changesOf(compared.month, changes)) terminal.result(line);
  terminal.printJson({
    ...(before.length > 0 && { months: before }),
    changes: { [compared.month]: changes },
  });
}
