/** `withdraw`: takes published months back. */
import type { Command } from "commander";

import type { Withdrawal } from "../../src/extract/withdrawal";
import { bucketSettings, help, NAME } from "../help";
import { asJson, type Flags, inputFrom, signed, withExtractMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { Parts, summed } from "../summing-up";
import { count, sumOfStates } from "../wording";

export function addWithdraw(parent: Command): void {
  withExtractMonths(parent.command("withdraw"))
    .description("take a published month back: its manifest says so, and its files leave their keys")
    .requiredOption("--reason <text>", "why the month is withdrawn; the manifest keeps it")
    .option("--by <name>", "who withdraws it (default: the name of this login)")
    .addOption(asJson("what was withdrawn"))
    .addHelpText(
      "after",
      help(
        [[`${NAME} withdraw --month 2026-09 --reason "test data"`, "one published month"]],
        bucketSettings,
        "The files stay readable by the versions in the manifest's history. To publish the month again, use extract --restate.",
      ),
    )
    .action(
      summed(async (flags: Flags) => {
        const { withdraw } = await import("../../src/extract/run");
        await terminal.begin("connecting to the bucket");
        const months = new Parts<Withdrawal>("months", ({ month }) => month);
        const input = signed(inputFrom(flags));
        await months.during(() =>
          ending.inTime((deadline) =>
            withdraw(input, edge(deadline), (withdrawal) => {
              months.done.push(withdrawal);
              terminal.result(lineOf(withdrawal));
            }),
          ),
        );
        return sumOfStates(
          months.done.map(({ status }) => status),
          "month",
        );
      }),
    );
}

function lineOf({ month, status, revision, removed }: Withdrawal): string {
  const files = count(removed.length, "file left its key", "files left their keys");
  return `${month}  ${status}, revision ${revision}: ${files}`;
}
