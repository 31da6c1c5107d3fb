/** Shows where the time goes: the statements' plans, and CPU profiles of the handler. */
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { loanDetail } from "../src/extract/definitions/loan-detail";
import { loanMovingAverage } from "../src/extract/definitions/loan-moving-average";
import { firstDayOf } from "../src/platform/month";
import { readStatement } from "../src/platform/statement";
import { withValues } from "./copy";
import { lastMonth, sql } from "./databases";
import type { Sizes } from "./sizes";
import type { World } from "./world";

/** Prints the plan of each statement for the last month, from its second execution, so that caches are warm. */
export async function explain(world: World, sizes: Sizes): Promise<void> {
  const database = await world.databases.loans(sizes);
  const controls = readStatement("extract/loan_controls.sql");
  const statements = [
    ...[loanMovingAverage.statement, loanDetail.statement, controls].map(({ name, text }) => ({
      name,
      text,
    })),
    { name: "bench/sql/window_joins.sql", text: await sql("window_joins.sql") },
  ];
  const client = await world.server.connect(database);
  try {
    for (const { name, text } of statements) {
      const statement = withValues(text, [firstDayOf(lastMonth), firstDayOf(lastMonth)]);
      await client.query(statement);
      const { rows } = await client.query<{ "QUERY PLAN": string }>(
        `explain (analyze, buffers) ${statement}`,
      );
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      process.stdout.write(`\n=== ${name}, ${lastMonth}\n\n${plan}\n`);
    }
  } finally {
    await client.end();
  }
}

/** Saves a profile of one run of each extract. It runs the unbundled code, whose names are readable. */
export async function profile(
  world: World,
  sizes: Sizes,
  directory: string,
  log: (line: string) => void,
): Promise<void> {
  const months = new Map([[lastMonth, sizes.rows[0] ?? 1]]);
  const runs = [
    { extract: loanMovingAverage, database: await world.databases.loans(sizes), rowCount: sizes.branches },
    {
      extract: loanDetail,
      database: await world.databases.months(sizes, months),
      rowCount: sizes.rows[0] ?? 1,
    },
  ];
  await mkdir(directory, { recursive: true });
  for (const { extract, database, rowCount } of runs) {
    const name = `${extract.name}.cpuprofile`;
    const event = { extract: extract.name, month: lastMonth };
    const { durationMs } = await world.handler.run(database, event, {
      rowCount,
      task: await world.handler.unbundled(),
      nodeFlags: ["--cpu-prof", `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${name}`],
    });
    log(`${path.join(directory, name)}: ${durationMs.toFixed(0)} ms under the profiler`);
  }
}
