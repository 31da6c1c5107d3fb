/** What the benchmark uses: PostgreSQL and S3 in processes of their own, databases, and the packaged handler. */
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { type PostgresServer, startPostgres } from "../local/postgres";
import { createReader } from "../local/stack";
import { temporaryDirectory } from "../local/temporary";
import { Packaged } from "../tests/support/packaged";
import { type Copier, findCopier, type Login, withValues } from "./copy";
import { Databases } from "./databases";
import { Handler } from "./handler";
import { BenchS3 } from "./s3";

const MEBIBYTE = 1024 * 1024;

export class World {
  private constructor(
    /** For temporary files; deleted at the end. */
    readonly directory: string,
    readonly server: PostgresServer,
    readonly serverSettings: Readonly<Record<string, string>>,
    readonly databases: Databases,
    readonly s3: BenchS3,
    readonly handler: Handler,
    readonly copier: Copier,
    private readonly reader: { readonly username: string; readonly password: string },
    /** Stops everything and leaves nothing behind. */
    readonly stop: () => Promise<void>,
  ) {}

  /** @param signal makes everything that runs fail. */
  static async start(
    nodeFlags: readonly string[],
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<World> {
    log("starting PostgreSQL and S3, packaging the handler");
    const directory = await temporaryDirectory("bench");
    const undo = [() => rm(directory, { recursive: true, force: true })];
    const stop = async () => {
      for (const step of undo.splice(0).reverse()) await step();
    };
    try {
      const settings = serverSettings();
      const server = await startPostgres(settings);
      undo.push(() => server.stop());
      const packaged = await Packaged.create();
      undo.push(() => packaged.remove());
      const admin = await server.connect("postgres");
      const reader = await createReader(admin);
      await admin.query(`grant pg_read_all_data to ${reader.username}`);
      await admin.end();
      const { host, port } = server;
      const s3 = new BenchS3({ engine: "postgres", ...reader, host, port, dbname: "postgres" }, signal);
      undo.push(() => s3.stop());
      const copier = await findCopier();
      signal.throwIfAborted();
      // Without the database, whatever runs fails soon.
      signal.addEventListener("abort", () => void server.stop());
      const databases = new Databases(server, log);
      const handler = new Handler(packaged, s3, nodeFlags, directory);
      return new World(directory, server, settings, databases, s3, handler, copier, reader, stop);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  login(database: string): Login {
    const { host, port } = this.server;
    return { host, port, user: this.reader.username, password: this.reader.password, database };
  }

  /** Copies the result of a statement into a file. */
  async copy(
    database: string,
    statement: string,
    values: readonly string[],
  ): Promise<{ durationMs: number; file: string }> {
    const file = path.join(this.directory, "copy.csv");
    const sample = await this.copier.copy(this.login(database), withValues(statement, values), file);
    return { ...sample, file };
  }
}

/** A quarter of the memory for PostgreSQL's cache, as is usual, and no autovacuum during the measurements. */
function serverSettings(): Record<string, string> {
  const memory = os.totalmem() / MEBIBYTE;
  return {
    shared_buffers: `${Math.floor(Math.min(4096, memory / 4))}MB`,
    effective_cache_size: `${Math.floor(memory / 2)}MB`,
    maintenance_work_mem: `${Math.floor(Math.min(512, memory / 16))}MB`,
    autovacuum: "off",
  };
}
