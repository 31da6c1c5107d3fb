/** One month of an extract, run by the handler and copied by COPY. */
import type { ExtractDefinition } from "../../src/extract/definition";
import { firstDayOf, type Month } from "../../src/platform/month";
import { expectSameBytes, type HandlerRun } from "../handler";
import type { Sample } from "../turns";
import type { World } from "../world";

/** One month of an extract, and the number of rows that it has. */
export interface Source {
  readonly extract: ExtractDefinition;
  readonly month: Month;
  readonly rowCount: number;
}

/** Both sides of a comparison with COPY. The first run also compares their bytes. */
export function copyAndRun(world: World, database: string, { extract, month, rowCount }: Source) {
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
      const run = await world.handler.run(database, { extract: extract.name, month }, { rowCount });
      if (!isCompared && copied !== undefined) await expectSameBytes(run, copied);
      isCompared = true;
      return run;
    },
  };
}
