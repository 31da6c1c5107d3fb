/** `query`: SQL over the lake. */
import type { Command } from "commander";

import { help, lakeSettings, NAME } from "../help";
import { asJson, type Flags } from "../options";
import { edge, ending, terminal } from "../session";
import { summed } from "../summing-up";
import { count } from "../wording";

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
    .action(
      summed(async (sql: string, { tenant }: Flags) => {
        const { runQuery } = await import("../query");
        const { openForReading } = await import("../../src/lake/run");
        await terminal.begin("reading the lake");
        const { rows, table, fileCount } = await ending.inTime(async (deadline) =>
          runQuery(await openForReading(edge(deadline)), sql, tenant as string | undefined),
        );
        terminal.printResult(rows, table);
        return `${count(rows.length, "row")} from ${count(fileCount, "file")}`;
      }),
    );
}
