/** `backfill`: publishes many months, in several runs. */
import { type Command, InvalidArgumentError } from "commander";

import type { BackfillObserver } from "../../src/extract/backfill/in-process";
import type { BackfillSummary } from "../../src/extract/backfill/summary";
import type { MonthSummary } from "../../src/extract/events";
import type { Edge } from "../../src/platform/edge";
import type { Month } from "../../src/platform/month";
import { bucketSettings, databaseSettings, help, NAME } from "../help";
import { asJson, extractOption, type Flags, inputFrom, parseStage, signed } from "../options";
import { edge, ending, terminal } from "../session";
import { Steps } from "../steps";
import { Parts, summed } from "../summing-up";
import { coloured } from "../terminal";
import { count, occurrences, tally } from "../wording";

export function addBackfill(parent: Command): void {
  parent
    .command("backfill")
    .description("extract many months: in several runs, of which one that fails stops no other")
    .addOption(extractOption())
    .option("--from <YYYY-MM>", "the first month")
    .option("--to <YYYY-MM>", "the last month")
    .option("--months <list>", "single months instead, separated by commas", monthList)
    .option("--restate", "allow published months to change")
    .option("--reason <text>", "with --restate: why the months change; the manifests keep it")
    .option("--by <name>", "with --reason: who changes them (default: the name of this login)")
    .option("--allow-empty", "publish months even if no bank has any data of them")
    .option("--lake", "bring each month into the lake as well, and wait until it is there")
    .option("--stage <name>", "run on AWS, by the state machine of this deployment stage, and follow it")
    .addOption(asJson("the summary"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} backfill --from 2021-01 --to 2025-12`, "five years, on this machine"],
          [
            `${NAME} backfill --from 2021-01 --to 2025-12 --stage prod`,
            "the same on AWS; needs only AWS's settings",
          ],
          [`${NAME} backfill --months 2024-03,2025-01 --restate --reason "late loans"`, "single months"],
        ],
        [...databaseSettings, ...bucketSettings],
        "It exits with 1 if any month is not done, and prints the command that goes on from there.",
      ),
    )
    .action(
      summed(async ({ stage, ...flags }: Flags) => {
        const input = signed(inputFrom(flags));
        const name = stage === undefined ? undefined : parseStage(stage as string);
        const { parseBackfill } = await import("../../src/extract/backfill/request");
        const { months } = parseBackfill(input, new Date());
        const summary = await ending.inTime((deadline) =>
          name === undefined ? here(input, months, edge(deadline)) : onAws(input, name, edge(deadline)),
        );
        const { summaryText } = await import("../../src/extract/backfill/notice");
        terminal.printResult(summary, summaryText(summary, name));
        return {
          sum: sumOf(summary, months.length),
          judge: () => {
            if (summary.outcome === "failed") process.exitCode = 1;
          },
        };
      }),
    );
}

function sumOf({ done, notInLake }: BackfillSummary, monthCount: number): string {
  const states = {
    ...occurrences(done.map(({ status }) => status)),
    "not done": monthCount - done.length,
    "not in the lake": notInLake.length,
  };
  return `${count(monthCount, "month")}: ${tally(states)}`;
}

function monthList(text: string): readonly string[] {
  const months = text.split(",").map((month) => month.trim());
  if (months.every((month) => /^\d{4}-\d{2}$/.test(month))) return months;
  throw new InvalidArgumentError("Expected months as YYYY-MM, separated by commas.");
}

async function here(input: Flags, months: readonly Month[], given: Edge): Promise<BackfillSummary> {
  const { runBackfill } = await import("../../src/extract/backfill/in-process");
  const { RunProgress } = await import("../progress");
  await terminal.begin("reading the manifests");
  const parts = new Parts<MonthSummary>("months", ({ month }) => month);
  const progress = new RunProgress(terminal, new Steps(months.length), input["extract"], parts.done);
  const observer: BackfillObserver = {
    planned: ({ pieces }) => {
      terminal.say(count(pieces.length, "run"));
    },
    step: progress.observe.bind(progress),
    failed: ({ name, message }) => {
      terminal.say(coloured("red", `${name}: ${message}`));
    },
  };
  return parts.during(() =>
    runBackfill(input, given, observer, async (dataset, month) => {
      const { runLake } = await import("../../src/lake/run");
      await runLake({ dataset, month }, given);
      terminal.say(coloured("green", `${month}  in the lake`));
    }),
  );
}

async function onAws(input: Flags, stage: string, given: Edge): Promise<BackfillSummary> {
  const { followBackfill } = await import("../executions/backfill");
  await terminal.begin(`looking for the state machine of the stage ${stage}`);
  return followBackfill(input, stage, given, terminal);
}
