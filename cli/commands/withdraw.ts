/** `withdraw`: takes published months back. */
import { userInfo } from "node:os";

import type { Command } from "commander";

import { bucketSettings, help, NAME } from "../help";
import { asJson, type Flags, withMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { count } from "../wording";

export function addWithdraw(parent: Command): void {
  withMonths(parent.command("withdraw"))
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
    .action(async ({ json, ...input }: Flags) => {
      const { withdraw } = await import("../../src/extract/run");
      await terminal.begin("connecting to the bucket");
      const months = await ending.inTime((deadline) =>
        withdraw({ by: userInfo().username, ...input }, edge(deadline), (withdrawal) => {
          const { month, status, revision, removed } = withdrawal;
          const files = count(removed.length, "file left its key", "files left their keys");
          terminal.result(`${month}  ${status}, revision ${revision}: ${files}`);
        }),
      );
      if (json === true) terminal.printJson({ months });
      terminal.sumUp(`${count(months.length, "month")} withdrawn`);
    });
}
