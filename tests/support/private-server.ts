/**
 * A PostgreSQL server of a test's own, for what would disturb the server that all tests share: crashes, certificates,
 * a standby. It has the tables and the role of a world, and settings that make the world's runs connect to it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, type QueryResultRow } from "pg";

import { startPostgres } from "../../local/postgres";
import { seed, smallSeed } from "../../local/seed";
import type { TestServer } from "./test-server";
import type { World } from "./world";
import { freePort } from "../../local/free-port";
import { ROOT } from "./root";

const DATABASE = "ods";

export class PrivateServer {
  private constructor(
    readonly address: TestServer,
    private readonly stop: () => Promise<void>,
  ) {}

  /** Starts a server with three banks and some loans in 2026, readable by the world's role. */
  static async create(world: World, settings: Readonly<Record<string, string>> = {}): Promise<PrivateServer> {
    const postgres = await startPostgres(settings);
    const { host, port, user, password } = postgres;
    const server = new PrivateServer({ host, port, user, password }, () => postgres.stop());
    try {
      await server.#fill(world);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** The settings that make a run connect to this server. */
  get environment(): Readonly<Record<string, string>> {
    return { DB_HOST: this.address.host, DB_PORT: String(this.address.port), DB_NAME: DATABASE };
  }

  /** Runs SQL as the owner of the tables, on a new connection: the server may have crashed since the last one. */
  async sql<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const client = new Client({ ...this.address, database: DATABASE });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<R>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Counts the program's connections, once the server is up, after giving them a second to end. */
  async connections(): Promise<number> {
    await this.ready();
    const count = async () =>
      (await this.sql("select 1 from pg_stat_activity where application_name = 'bank-batch'")).length;
    for (let waitedMs = 0; waitedMs < 1000 && (await count()) > 0; waitedMs += 50) await sleep(50);
    return count();
  }

  /** Waits until the server takes connections. @throws its refusal if it still does not take them after 10 s. */
  async ready(): Promise<void> {
    const giveUpAt = Date.now() + 10_000;
    for (;;) {
      try {
        await this.sql("select 1");
        return;
      } catch (error) {
        if (Date.now() > giveUpAt) throw error;
        await sleep(50);
      }
    }
  }

  async #fill(world: World): Promise<void> {
    const admin = new Client({ ...this.address, database: "postgres" });
    await admin.connect();
    await admin.query(`create database ${DATABASE}`);
    await admin.end();
    const owner = new Client({ ...this.address, database: DATABASE });
    await owner.connect();
    const size = { loans: 2000, accounts: 400, branches: 30 };
    await seed(owner, { ...smallSeed, ...size, from: "2024-01-01", to: "2026-10-31" });
    await owner.end();
    const { username, password } = world.secret;
    await this.sql(`create role ${String(username)} login password '${String(password)}'`);
    await this.sql(`grant select on all tables in schema public to ${String(username)}`);
  }

  /** Kills one of the server's processes, so that it ends all others and restarts. */
  async crash(): Promise<void> {
    const client = new Client({ ...this.address, database: DATABASE });
    const ended = new Promise<void>((resolve) => client.on("end", resolve));
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    process.kill(rows[0]?.pid ?? 0, "SIGKILL");
    await ended;
  }

  /** Starts a hot standby that follows this server, which needs the settings of {@link primary}. */
  async standby(settings: Readonly<Record<string, string>> = {}): Promise<PrivateServer> {
    const { host, user, password } = this.address;
    const directory = await mkdtemp(path.join(os.tmpdir(), "bank-batch-standby-"));
    await chmod(directory, 0o755);
    const data = path.join(directory, "data");
    const client = new Client({ ...this.address, database: DATABASE });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>("show data_directory");
    const source = rows[0]?.data_directory ?? "";
    await client.query("select pg_backup_start('standby', true)");
    await cp(source, data, { recursive: true, filter: (name) => !name.endsWith("postmaster.pid") });
    const label = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    await client.end();
    await writeFile(path.join(data, "backup_label"), label.rows[0]?.labelfile ?? "");
    await writeFile(path.join(data, "standby.signal"), "");
    if (process.getuid?.() === 0) {
      const names = await readdir(data, { recursive: true });
      for (const name of ["", ...names]) await chown(path.join(data, name), 65534, 65534);
    }

    const port = await freePort();
    const options = {
      ...{ listen_addresses: host, port: String(port), unix_socket_directories: "", fsync: "off" },
      primary_conninfo: `host=${host} port=${this.address.port} user=${user} password=${password}`,
      ...primary,
      ...settings,
    };
    const keeper = spawn(
      process.execPath,
      [
        path.join(ROOT, "local", "postgres-keeper.cjs"),
        directory,
        path.join(source, "..", "native", "bin", "postgres"),
        ...["-D", data],
        ...Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      { stdio: ["pipe", "ignore", "ignore"], detached: true },
    );
    const exited = once(keeper, "exit");
    const server = new PrivateServer({ host, port, user, password }, async () => {
      keeper.stdin.end();
      await exited;
      await rm(directory, { recursive: true, force: true });
    });
    return server;
  }

  async close(): Promise<void> {
    await this.stop();
  }
}

/** The settings of a server that a standby can follow. */
export const primary = { wal_level: "replica", max_wal_senders: "4" };
