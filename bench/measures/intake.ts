import { copyAndUpsert, Loader, writeLoans } from "../loading";
import { durations, type Row } from "../measure";
import { count, type Sizes } from "../sizes";
import { inTurns } from "../turns";
import type { World } from "../world";

/** Deliveries of new loans: their time against copying and writing their rows, and the memory for large files. */
export async function intake(world: World, sizes: Sizes, log: (line: string) => void): Promise<Row[]> {
  const database = await world.databases.deliveries(sizes);
  const login = world.login(database);
  const owner = await world.server.connect(database);
  try {
    await owner.query(`grant intake_writer to ${login.user}`);
    const loader = new Loader(world.directory);
    const hasPsql = world.copier.name.startsWith("psql");
    const [small = 0, large = small] = sizes.rows;
    const [file, largeFile] = [
      await writeLoans(owner, world.directory, small),
      await writeLoans(owner, world.directory, large),
    ];
    // Every load is the first one of its file.
    const emptied = async <Result>(load: () => Promise<Result>): Promise<Result> => {
      await owner.query("truncate loans, intake.delivery, intake.row_origin");
      await owner.query("checkpoint");
      return load();
    };
    const samples = await inTurns(sizes.runs, log, {
      load: () => emptied(() => loader.load(login, file)),
      copy: () => emptied(() => copyAndUpsert(login, file, hasPsql)),
      large: () => emptied(() => loader.load(login, largeFile)),
    });
    const peaks = (of: "load" | "large") => samples[of].map(({ peakMemoryBytes }) => peakMemoryBytes ?? NaN);
    return [
      {
        measure: "intake",
        what: `a delivery of ${count(small)} new loans, checked and loaded`,
        against: `${hasPsql ? "\\copy by psql" : "COPY by pg-copy-streams"} of the same details and the same upsert`,
        ...{ unit: "ms", limit: 2, ours: durations(samples.load), base: durations(samples.copy) },
      },
      {
        measure: "intake",
        what: `the peak memory of the process for ${count(large)} loans`,
        against: `the same for ${count(small)} loans`,
        ...{ unit: "bytes", limit: 1.1, ours: peaks("large"), base: peaks("load") },
      },
    ];
  } finally {
    await owner.end();
  }
}
