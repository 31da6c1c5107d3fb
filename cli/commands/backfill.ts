/** `backfill`: publishes many months, in several runs. */
import { userInfo } from "node:os";

import { type Command, InvalidArgumentError, Option } from "commander";

import type { BackfillSummary } from "../../src/extract/backfill/summary";
import { defaultExtract, extractNames } from "../../src/extract/definitions/index";
import type { Edge } from "../../src/platform/edge";
import { bucketSettings, databaseSettings, help, NAME } from "../help";
import { asJson, type Flags, parseStage } from "../options";
import { edge, ending, terminal } from "../session";
import { Steps } from "../steps";
import { coloured } from "../terminal";

export function addBackfill(parent: Command): void {
  parent
    .command("backfill")
    .description("extract many months: in several runs, of which one that fails stops no other")
    .addOption(
      new Option("--extract <name>", "the name of the extract")
        .choices(extractNames)
        .default(defaultExtract.name),
    )
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
    .action(async ({ json, stage, ...flags }: Flags) => {
      const input = flags["reason"] === undefined ? flags : { by: userInfo().username, ...flags };
      const name = stage === undefined ? undefined : parseStage(stage as string);
      const summary = await ending.inTime((deadline) =>
        name === undefined ? here(input, edge(deadline)) : onAws(input, name, edge(deadline)),
      );
      terminal.rest();
      const { summaryText } = await import("../../src/extract/backfill/notice");
      if (json === true) terminal.printJson(summary);
      else terminal.print(summaryText(summary, name));
      if (summary.outcome === "failed") process.exitCode = 1;
    });
}

function monthList(text: string): readonly string[] {
  const months = text.split(",").map((month) => month.trim());
  if (months.every((month) => /^\d{4}-\d{2}$/.test(month))) return months;
  throw new InvalidArgumentError("Expected months as YYYY-MM, separated by commas.");
}

async function here(input: Flags, given: Edge): Promise<BackfillSummary> {
  const { runBackfill } = await import("../../src/extract/backfill/in-process");
  const { parseBackfill } = await import("../../src/extract/backfill/request");
  const { RunProgress } = await import("../progress");
  const { months } = parseBackfill(input, given.now());
  await terminal.begin("reading the manifests");
  const progress = new RunProgress(terminal, new Steps(months.length), input["extract"]);
  return runBackfill(
    input,
    given,
    {
      planned: ({ pieces }) => {
        terminal.say(`${pieces.length} ${pieces.length === 1 ? "run" : "runs"}`);
      },
      step: progress.observe.bind(progress),
      failed: ({ name, message }) => {
        terminal.say(coloured("red", `${name}: ${message}`));
      },
    },
    async (dataset, month) => {
      const { runLake } = await import("../../src/lake/run");
      await runLake({ dataset, month }, given);
      terminal.say(coloured("green", `${month}  in the lake`));
    },
  );
}

async function onAws(input: Flags, stage: string, given: Edge): Promise<BackfillSummary> {
  const { parseBackfill } = await import("../../src/extract/backfill/request");
  const { followBackfill } = await import("../executions/backfill");
  parseBackfill(input, given.now());
  await terminal.begin(`looking for the state machine of the stage ${stage}`);
  return followBackfill(input, stage, given, terminal);
}
