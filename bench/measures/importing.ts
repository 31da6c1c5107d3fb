import { lastMonth } from "../databases";
import { durations, type Row } from "../measure";
import type { Sizes } from "../sizes";
import { inTurns, type Sample } from "../turns";
import type { World } from "../world";

/** The time that a cold start takes to load the code: the bundle, against separate files. */
export async function importing(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const database = await world.databases.loans(sizes);
  const task = await world.handler.unbundled();
  // The handler runs too, which shows that both are complete.
  const timed = async (options: { readonly task?: string }): Promise<Sample> => {
    const event = { month: lastMonth, dryRun: true };
    const { importDurationMs } = await world.handler.run(database, event, {
      rowCount: sizes.branches,
      ...options,
    });
    return { durationMs: importDurationMs };
  };
  const { bundle, unbundled } = await inTurns(sizes.runs, log, {
    unbundled: () => timed({ task }),
    bundle: () => timed({}),
  });
  return [
    {
      measure: "import",
      what: "loading the packaged bundle, until the handler can be called",
      against: "the same code in separate files, with libraries in node_modules",
      ...{ unit: "ms", limit: 0.4, ours: durations(bundle), base: durations(unbundled) },
    },
  ];
}
