/** What is measured, and against what: each returns its rows of the table, from runs that took turns. */
import { Client } from "pg";

import { type Connection, withConnection } from "../src/platform/database/connection";
import { withDeadline } from "../src/platform/deadline";
import type { ExtractDefinition } from "../src/extract/definition";
import { loanDetail } from "../src/extract/definitions/loan-detail";
import { loanMovingAverage } from "../src/extract/definitions/loan-moving-average";
import { addMonths, firstDayOf, type Month, monthRange } from "../src/platform/month";
import { count, type Sizes } from "./sizes";
import { inTurns, type Sample } from "./turns";
import { type HandlerRun, lastMonth, sql, type World } from "./world";

/** Figures of both sides, by pairs, and what their ratio should be at most. */
export interface Row {
  readonly measure: string;
  readonly what: string;
  readonly against: string;
  readonly unit: "ms" | "bytes";
  readonly limit: number;
  readonly ours: readonly number[];
  readonly base: readonly number[];
}

export type Measure = (world: World, sizes: Sizes, tell: (line: string) => void) => Promise<Row[]>;

export const measures = {
  run: wholeRun,
  query,
  range,
  stream,
  import: importing,
  banks: manyBanks,
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;

/** From the handler's start to the manifest, against the bare rows. */
async function wholeRun(world: World, sizes: Sizes, tell: (line: string) => void): Promise<Row[]> {
  const database = await world.loans(sizes);
  const { run, copy } = await inTurns(
    sizes.runs,
    tell,
    copyAndRun(world, database, {
      extract: loanMovingAverage,
      month: lastMonth,
      rowCount: sizes.branches,
    }),
  );
  return [
    {
      measure: "run",
      what: `the monthly run of ${count(sizes.loans)} loans, from the handler's start to the manifest`,
      against: "COPY of the same statement into a file",
      ...{ unit: "ms", limit: 1.1, ours: durations(run), base: durations(copy) },
    },
  ];
}

/** The statement as the program runs it, against the joins that no statement could do without. */
async function query(world: World, sizes: Sizes, tell: (line: string) => void): Promise<Row[]> {
  const database = await world.loans(sizes);
  const values = [firstDayOf(lastMonth), firstDayOf(lastMonth)];
  const joins = await sql("window_joins.sql");
  const { statement, least } = await inTurns(sizes.runs, tell, {
    least: () => timeJoins(world, database, joins, values),
    statement: () => timeStatement(world, database, values, sizes.branches),
  });
  return [
    {
      measure: "query",
      what: "the statement as the program runs it, to its last row",
      against: "the joins of the window's loans alone, counted",
      ...{ unit: "ms", limit: 1.2, ours: durations(statement), base: durations(least) },
    },
  ];
}

/** Many months in one pass, against as many runs. */
async function range(world: World, sizes: Sizes, tell: (line: string) => void): Promise<Row[]> {
  const database = await world.loans(sizes);
  const from = addMonths(lastMonth, 1 - sizes.months);
  const rowCount = sizes.branches;
  const { together, single } = await inTurns(sizes.runs, tell, {
    single: async () => {
      let durationMs = 0;
      for (const month of monthRange(from, lastMonth)) {
        durationMs += (await world.handle(database, { month }, { rowCount })).durationMs;
      }
      return { durationMs };
    },
    together: () => world.handle(database, { from, to: lastMonth }, { rowCount: rowCount * sizes.months }),
  });
  return [
    {
      measure: "range",
      what: `a range of ${sizes.months} months in one run`,
      against: `${sizes.months} single runs, the sum of their handlers' times`,
      ...{ unit: "ms", limit: 0.3, ours: durations(together), base: durations(single) },
    },
  ];
}

/** Large files: their time against the bare rows, and memory that does not grow with them. */
async function stream(world: World, sizes: Sizes, tell: (line: string) => void): Promise<Row[]> {
  const months = new Map(
    sizes.rows.map((rows, at) => [addMonths(lastMonth, at + 1 - sizes.rows.length), rows]),
  );
  const sources = [...months].map(([month, rowCount]) => ({ extract: loanDetail, month, rowCount }));
  const database = await world.months(sizes, months);

  const rows: Row[] = [];
  // All in turns, as memory is compared across the sizes.
  const contenders = Object.fromEntries(
    sources.flatMap((source, at) => {
      const { run, copy } = copyAndRun(world, database, source);
      return [
        [`copy-${at}`, copy],
        [`run-${at}`, run],
      ];
    }),
  );
  const samples = await inTurns(sizes.runs, tell, contenders);
  for (const [at, { rowCount }] of sources.entries()) {
    rows.push({
      measure: "stream",
      what: `${count(rowCount)} rows of 9 columns from the handler's start to the manifest`,
      against: "COPY of the same rows into a file",
      ...{ unit: "ms", limit: 3 },
      ours: durations(samples[`run-${at}`]),
      base: durations(samples[`copy-${at}`]),
    });
  }
  const [smallest, ...larger] = sources;
  for (const [at, { rowCount }] of larger.entries()) {
    rows.push({
      measure: "memory",
      what: `the most memory that the handler's process holds, ${count(rowCount)} rows`,
      against: `the same of ${count(smallest?.rowCount ?? 0)} rows`,
      ...{ unit: "bytes", limit: 1.05 },
      ours: peaks(samples[`run-${at + 1}`]),
      base: peaks(samples["run-0"]),
    });
  }
  return rows;
}

/** What a cold start pays before the handler can be called. */
async function importing(world: World, sizes: Sizes, tell: (line: string) => void): Promise<Row[]> {
  const database = await world.loans(sizes);
  const task = await world.unbundled();
  // The handler runs as well, so that both are known to be the whole program.
  const timed = async (options: { readonly task?: string }): Promise<Sample> => {
    const event = { month: lastMonth, dryRun: true };
    const { importDurationMs } = await world.handle(database, event, {
      rowCount: sizes.branches,
      ...options,
    });
    return { durationMs: importDurationMs };
  };
  const { bundle, unbundled } = await inTurns(sizes.runs, tell, {
    unbundled: () => timed({ task }),
    bundle: () => timed({}),
  });
  return [
    {
      measure: "import",
      what: "loading the packaged bundle until the handler can be called",
      against: "the same code in its own files, with its libraries in node_modules",
      ...{ unit: "ms", limit: 0.4, ours: durations(bundle), base: durations(unbundled) },
    },
  ];
}

/** A file more for each bank, at an S3 next door and at one that is far away. */
async function manyBanks(world: World, sizes: Sizes, tell: (line: string) => void): Promise<Row[]> {
  const few = await world.loans(sizes);
  const many = await world.manyBanks(sizes, sizes.manyBanks);
  const rows: Row[] = [];
  for (const latencyMs of new Set([0, sizes.latencyMs])) {
    const options = { rowCount: sizes.branches, latencyMs };
    const samples = await inTurns(sizes.runs, tell, {
      few: () => world.handle(few, { month: lastMonth }, options),
      many: () => world.handle(many, { month: lastMonth }, options),
    });
    const where = latencyMs === 0 ? "" : `, S3 ${latencyMs} ms away`;
    rows.push({
      measure: "banks",
      what: `the monthly run with ${sizes.manyBanks} banks${where}`,
      against: `the same rows in ${sizes.banks} banks${where}`,
      ...{ unit: "ms", limit: 1.15, ours: durations(samples.many), base: durations(samples.few) },
    });
  }
  return rows;
}

/** One month of an extract: what the handler is asked, and the same for COPY. */
interface Source {
  readonly extract: ExtractDefinition;
  readonly month: Month;
  readonly rowCount: number;
}

/** Both sides of a comparison with COPY; the first time, their bytes are compared too. */
function copyAndRun(world: World, database: string, { extract, month, rowCount }: Source) {
  const values = [firstDayOf(month), firstDayOf(month)];
  let copied: string | undefined;
  let isCompared = false;
  return {
    copy: async (): Promise<Sample> => {
      const { file, durationMs } = await world.copy(database, extract.statement.text, values);
      copied = file;
      return { durationMs };
    },
    run: async (): Promise<HandlerRun> => {
      const run = await world.handle(database, { extract: extract.name, month }, { rowCount });
      if (!isCompared && copied !== undefined) await world.expectSameBytes(run, copied);
      isCompared = true;
      return run;
    },
  };
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
  // eslint-disable-next-line @typescript-eslint/require-await -- the program reads its candidates as they come
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
  return withDeadline(3_600_000, "Measure less.", (deadline) =>
    withConnection({ ...settings, ssl: "disable" }, candidates, deadline, time),
  );
}

function durations(samples: readonly Sample[] = []): number[] {
  return samples.map(({ durationMs }) => durationMs);
}

function peaks(samples: readonly Sample[] = []): number[] {
  return samples.map(({ peakMemoryBytes }) => peakMemoryBytes ?? NaN);
}
