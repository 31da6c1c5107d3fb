import { Client } from "pg";

import { loanMovingAverage } from "../../src/extract/definitions/loan-moving-average";
import { type Connection, withConnection } from "../../src/platform/database/connection";
import { withDeadline } from "../../src/platform/deadline";
import { firstDayOf } from "../../src/platform/month";
import { lastMonth, sql } from "../databases";
import { durations, type Row } from "../measure";
import type { Sizes } from "../sizes";
import { inTurns, type Sample } from "../turns";
import type { World } from "../world";

/** The statement as the program runs it, against the joins that any statement would need. */
export async function query(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const database = await world.databases.loans(sizes);
  const values = [firstDayOf(lastMonth), firstDayOf(lastMonth)];
  const joins = await sql("window_joins.sql");
  const { statement, least } = await inTurns(sizes.runs, log, {
    least: () => timeJoins(world, database, joins, values),
    statement: () => timeStatement(world, database, values, sizes.branches),
  });
  return [
    {
      measure: "query",
      what: "the statement as the program runs it, to its last row",
      against: "only the joins of the window's loans, counted",
      ...{ unit: "ms", limit: sizes.limits.query, ours: durations(statement), base: durations(least) },
    },
  ];
}

async function timeJoins(
  world: World,
  database: string,
  joins: string,
  values: readonly string[],
): Promise<Sample> {
  const client = new Client(world.login(database));
  await client.connect();
  try {
    const startedAt = performance.now();
    await client.query(joins, [...values]);
    return { durationMs: performance.now() - startedAt };
  } finally {
    await client.end();
  }
}

async function timeStatement(
  world: World,
  database: string,
  values: readonly string[],
  expected: number,
): Promise<Sample> {
  const login = world.login(database);
  const settings = { secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined };
  // eslint-disable-next-line @typescript-eslint/require-await -- withConnection takes an async iterable
  const candidates = (async function* () {
    yield login;
  })();
  const time = async (connection: Connection): Promise<Sample> => {
    const snapshot = await connection.openSnapshot();
    const startedAt = performance.now();
    let rowCount = 0;
    const { statement, columns } = loanMovingAverage;
    for await (const batch of snapshot.stream(statement, values, columns).batches) rowCount += batch.length;
    if (rowCount !== expected) throw new Error(`expected ${expected} rows, but got ${rowCount}`);
    return { durationMs: performance.now() - startedAt };
  };
  return withDeadline(3_600_000, "Measure fewer loans.", (deadline) =>
    withConnection({ ...settings, ssl: "disable" }, candidates, deadline, time),
  );
}
