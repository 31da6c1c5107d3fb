/** `lake`: brings published months into the lake, and verifies what it has. */
import { type Command, Option } from "commander";

import { monthsCommand } from "../../src/extract/command";
import type { LakeMonthSummary } from "../../src/lake/lake-month";
import type { LakeVerification } from "../../src/lake/verification";
import { extractDatasets, namesOf, pipelineDatasets } from "../../src/lake/datasets/index";
import { help, lakeSettings, NAME } from "../help";
import { asJson, type Flags, inputFrom, withMonths } from "../options";
import { edge, ending, terminal } from "../session";
import { type Finished, Parts, summed } from "../summing-up";
import { count, sumOfStates } from "../wording";

function withLakeMonths(command: Command): Command {
  const dataset = new Option("--dataset <name>", "only this dataset (default: all)");
  return withMonths(command.addOption(dataset.choices(namesOf(pipelineDatasets)))).option(
    "--all",
    "every month that is published or has deliveries",
  );
}

export function addLake(parent: Command): void {
  withLakeMonths(parent.command("lake"))
    .description(
      "bring published months and accepted deliveries into the lake: Parquet for each tenant, proven, with its lineage",
    )
    .option("--remake", "make files again that are there")
    .addOption(asJson("the summary"))
    .addHelpText(
      "after",
      help(
        [
          [`${NAME} lake --month 2026-09`, "one published month, of all datasets"],
          [`${NAME} lake --all --dataset loan_detail`, "whatever is missing of a dataset"],
          [`${NAME} lake --month 2026-09 --dataset loans`, "the month's deliveries of a feed"],
        ],
        lakeSettings,
      ),
    )
    .action(
      summed(async (flags: Flags) => {
        const { runLake } = await import("../../src/lake/run");
        await terminal.begin("connecting to the lake");
        const months = new Parts<LakeMonthSummary>("months", nameOf);
        const summary = await months.during(() =>
          ending.inTime((deadline) =>
            runLake(inputFrom(flags), edge(deadline), {
              step: ({ step, dataset, month, tenant }) => {
                terminal.progress(`${dataset} ${month}  ${tenant ?? ""}  ${step}`);
              },
              month: (brought) => {
                months.done.push(brought);
                showBrought(brought);
              },
            }),
          ),
        );
        terminal.printJson(summary);
        return sumOf(months.done);
      }),
    );
}

function showBrought(brought: LakeMonthSummary): void {
  const { status, goneCount } = brought;
  terminal.result(
    `${nameOf(brought)}  ${status}: ${detailsOf(brought)}`,
    status === "missing" || goneCount !== undefined ? "yellow" : "green",
  );
}

function detailsOf({ dataset, month, status, revision, objects, goneCount }: LakeMonthSummary): string {
  if (status === "missing") {
    return extractDatasets.some(({ name }) => name === dataset)
      ? `not published; ${monthsCommand("extract", dataset, month)} publishes it`
      : "nothing is delivered";
  }
  const rows = objects.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const gone =
    goneCount === undefined
      ? ""
      : `, ${count(goneCount, "delivery", "deliveries")} too late: the rows have expired`;
  // Of deliveries, what is new.
  return `${revision === undefined ? "" : `revision ${revision}, `}${count(objects.length, "file")}, ${count(rows, "row")}${gone}`;
}

/** For `verify --lake`. */
export async function verifyLakeMonths(input: Flags): Promise<Finished> {
  const { verifyLake } = await import("../../src/lake/run");
  const { expectLakeVerified } = await import("../../src/lake/verification");
  await terminal.begin("reading the lake");
  const months = new Parts<LakeVerification>("months", nameOf);
  await months.during(() =>
    ending.inTime((deadline) =>
      verifyLake(input, edge(deadline), (found) => {
        months.done.push(found);
        terminal.result(`${nameOf(found)}  ${found.status}`, found.problems.length === 0 ? "green" : "red");
      }),
    ),
  );
  return {
    sum: sumOf(months.done),
    judge: () => {
      expectLakeVerified(months.done);
    },
  };
}

function nameOf({ dataset, month }: { readonly dataset: string; readonly month: string }): string {
  return `${dataset} ${month}`;
}

function sumOf(months: readonly { readonly status: string }[]): string {
  return sumOfStates(
    months.map(({ status }) => status),
    "month",
  );
}
