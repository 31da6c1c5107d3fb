/** How the time and memory of a monthly run grow with the numbers of loans and branches. */
import { lastMonth } from "./databases";
import { describe, factsOf, figure, markdownTable, writeResults } from "./report";
import { median } from "./statistics";
import { inTurns } from "./turns";
import { count, type Sizes } from "./sizes";
import type { World } from "./world";

const GRID = { loans: [1_000_000, 5_000_000, 20_000_000], branches: [100, 1000, 10_000] };
const SMALL_GRID = { loans: [2000, 10_000], branches: [20, 40] };

/** As in the benchmark's other sizes. */
const LOANS_PER_ACCOUNT = 10;

interface Cell {
  readonly loans: number;
  readonly branches: number;
  readonly durationsMs: readonly number[];
  readonly peakMemoryBytes: readonly number[];
  /** The time that a cold start takes to load the packaged handler, without the start of Node.js. */
  readonly importDurationsMs: readonly number[];
}

export async function measureGrowth(
  world: World,
  { banks, runs }: Sizes,
  directory: string,
  log: (line: string) => void,
  isSmall: boolean,
): Promise<void> {
  const facts = await factsOf(world);
  const grid = isSmall ? SMALL_GRID : GRID;
  const cells: Cell[] = [];
  for (const loans of grid.loans) {
    for (const branches of grid.branches) {
      const database = await world.databases.loans({
        loans,
        accounts: loans / LOANS_PER_ACCOUNT,
        branches,
        banks,
      });
      const logRun = (line: string) => log(`${count(loans)} loans, ${count(branches)} branches: ${line}`);
      const { run } = await inTurns(runs, logRun, {
        run: () => world.handler.run(database, { month: lastMonth }, { rowCount: branches }),
      });
      cells.push({
        loans,
        branches,
        durationsMs: run.map(({ durationMs }) => durationMs),
        peakMemoryBytes: run.map(({ peakMemoryBytes }) => peakMemoryBytes),
        importDurationsMs: run.map(({ importDurationMs }) => importDurationMs),
      });
      await world.databases.drop(database);
    }
  }
  await writeResults(directory, "growth", {
    title: "Growth",
    text: [
      `Monthly runs by the number of loans in five years and of branches, with ${banks} banks. Each figure is the median of ${runs} timed ${runs === 1 ? "run" : "runs"} after a warm-up. An account has ${LOANS_PER_ACCOUNT} loans. A month's window has a twentieth of the loans.`,
      describe(facts),
      growthTable("From the handler's start to the manifest", cells, ({ durationsMs }) =>
        figure(median(durationsMs), "ms"),
      ),
      growthTable("Peak memory of the handler's process", cells, ({ peakMemoryBytes }) =>
        figure(median(peakMemoryBytes), "bytes"),
      ),
      `Before that, a cold start loads the packaged handler in ${figure(median(cells.flatMap(({ importDurationsMs }) => importDurationsMs)), "ms")}.`,
    ].join("\n\n"),
    data: { facts, banks, runs, cells },
  });
}

function growthTable(title: string, cells: readonly Cell[], show: (cell: Cell) => string): string {
  const branches = [...new Set(cells.map((cell) => cell.branches))];
  const loans = [...new Set(cells.map((cell) => cell.loans))];
  return markdownTable(
    [title, ...branches.map((each) => `${count(each)} branches`)],
    loans.map((each) => [`${count(each)} loans`, ...cells.filter((cell) => cell.loans === each).map(show)]),
  );
}
