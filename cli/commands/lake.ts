/** `lake`, `lineage` and `query`: what is ready for analysis. */
import { type Command, Option } from "commander";

import type { LakeMonthSummary } from "../../src/lake/lake-month";
import type { LakeVerification } from "../../src/lake/verification";
import { namesOf, pipelineDatasets } from "../../src/lake/datasets/index";
import { help, lakeSettings, NAME } from "../help";
import { asJson, type Flags } from "../options";
import { edge, ending, terminal } from "../session";
import { coloured } from "../terminal";
import { occurrences, tally } from "../wording";

function withLakeMonths(command: Command): Command {
  return command
    .addOption(
      new Option("--dataset <name>", "only this dataset (default: all)").choices(namesOf(pipelineDatasets)),
    )
    .option("--month <YYYY-MM>", "a single month")
    .option("--from <YYYY-MM>", "the first month of a range")
    .option("--to <YYYY-MM>", "the last month of a range")
    .option("--all", "every month that is published or has deliveries");
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
    .action(async ({ json, ...input }: Flags) => {
      await terminal.begin("connecting to the lake");
      await bringMonths(input, json === true);
    });
}

async function bringMonths(input: Flags, json: boolean): Promise<void> {
  const { runLake } = await import("../../src/lake/run");
  const summary = await ending.inTime((deadline) =>
    runLake(input, edge(deadline), {
      step: ({ step, dataset, month, tenant }) => {
        terminal.progress(`${dataset} ${month}  ${tenant ?? ""}  ${step}`);
      },
      month: (each) => {
        terminal.result(
          `${each.dataset} ${each.month}  ${each.status}: ${detailsOf(each)}`,
          each.status === "missing" || each.goneCount !== undefined ? "yellow" : "green",
        );
      },
    }),
  );
  if (json) terminal.printJson(summary);
  terminal.sumUp(tally(occurrences(summary.months.map(({ status }) => status))) || "nothing to do");
}

function detailsOf({ status, revision, objects, goneCount }: LakeMonthSummary): string {
  if (status === "missing") return "nothing is published or delivered";
  const rows = objects.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const gone = goneCount === undefined ? "" : `, ${goneCount} deliveries too late: their rows have expired`;
  // Of deliveries, what is new.
  return `${revision === undefined ? "" : `revision ${revision}, `}${objects.length} files, ${rows} rows${gone}`;
}

/** For `verify --lake`. */
export async function verifyLakeMonths(input: Flags, json: boolean): Promise<void> {
  const { verifyLake } = await import("../../src/lake/run");
  const { expectLakeVerified } = await import("../../src/lake/verification");
  await terminal.begin("reading the lake");
  const months: LakeVerification[] = [];
  await ending.inTime((deadline) =>
    verifyLake(input, edge(deadline), (found) => {
      months.push(found);
      const { dataset, month, status, problems } = found;
      terminal.result(`${dataset} ${month}  ${status}`, problems.length === 0 ? "green" : "red");
    }),
  );
  if (json) terminal.printJson({ months });
  terminal.sumUp(tally(occurrences(months.map(({ status }) => status))) || "nothing to verify");
  expectLakeVerified(months);
}

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
    .action(async (file: string, { json }: Flags) => {
      const { openForReading } = await import("../../src/lake/run");
      const { expectOrigin, originLines, originOf } = await import("../../src/lake/origin");
      await terminal.begin("reading the files");
      const origin = await ending.inTime(async (deadline) =>
        originOf(await openForReading(edge(deadline)), file),
      );
      terminal.rest();
      const colours = { "as recorded": "green", "other bytes": "red", gone: "red" } as const;
      if (json === true) terminal.printJson(origin);
      else {
        const lines = originLines(origin, (present) => coloured(colours[present], present, "stdout"));
        terminal.print(`${lines.join("\n")}\n`);
      }
      expectOrigin(origin);
    });
}

export function addQuery(parent: Command): void {
  parent
    .command("query <sql>")
    .description("query the lake by DuckDB, which must be installed: each dataset is a table of all tenants")
    .option("--tenant <id>", "only this tenant's data")
    .addOption(asJson("the rows"))
    .addHelpText(
      "after",
      help(
        [
          [
            `${NAME} query "select tenant, sum(loan_total) from loan_moving_average group by all"`,
            "all tenants and months",
          ],
          [`${NAME} query --tenant first-national "from loan_detail limit 10"`, "one tenant"],
        ],
        lakeSettings,
        "Each table has the columns tenant, year and month besides its own. The files are downloaded first.",
      ),
    )
    .action(async (sql: string, { json, tenant }: Flags) => {
      const { runQuery } = await import("../query");
      const { openForReading } = await import("../../src/lake/run");
      await terminal.begin("reading the lake");
      const result = await ending.inTime(async (deadline) =>
        runQuery(await openForReading(edge(deadline)), sql, tenant as string | undefined),
      );
      terminal.rest();
      if (json === true) terminal.printJson(result.rows);
      else terminal.print(result.table);
    });
}
