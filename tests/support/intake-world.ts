/** A world with intake's schema and role: deliveries are loaded into a real PostgreSQL. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

import type { Feed } from "../../src/intake/feed";
import { checkAndLoad, type LoadRequest } from "../../src/intake/load";
import type { DeliveryResult } from "../../src/intake/result";
import { type Connection, withConnection } from "../../src/platform/database/connection";
import { withDeadline } from "../../src/platform/deadline";
import { delivery, NOW, type SentFile } from "./intake-delivery";
import { ROOT } from "./root";
import { World } from "./world";

export { delivery, fileOf, NOW, type SentFile } from "./intake-delivery";

export type LoadOptions = Partial<
  Pick<LoadRequest, "dryRun" | "ifMissing" | "feeds" | "onProgress" | "version">
> & {
  readonly sha256?: string;
  readonly feeds?: readonly Feed[];
  readonly timeLimitMs?: number;
  /** Puts something between the load and its connection. */
  readonly via?: (connection: Connection) => Connection;
};

export class IntakeWorld {
  private constructor(
    readonly world: World,
    readonly login: { readonly user: string; readonly password: string },
  ) {}

  /**
   * Bank 1, First National, has the branches 10 and 11; bank 2, Crédit d'Été, has 20. Client 100 is of branch 10, and
   * 200 of 20; each has an account, 1000 and 2000.
   */
  static async create(): Promise<IntakeWorld> {
    const world = await World.create("empty");
    await world.sql(await readFile(path.join(ROOT, "sql", "intake", "schema.sql"), "utf8"));
    const [user, password] = [`intake_${randomBytes(4).toString("hex")}`, randomBytes(12).toString("hex")];
    await world.sql(`create role ${user} login password '${password}' in role intake_writer`);
    const intake = new IntakeWorld(world, { user, password });
    await intake.reset();
    return intake;
  }

  async close(): Promise<void> {
    await this.world.sql(`drop role ${this.login.user}`);
    await this.world.close();
  }

  /** Puts the tables back to how they were at first. */
  async reset(): Promise<void> {
    const tables = [
      "loans",
      "account",
      "client",
      "worker",
      "branch",
      "bank",
      "intake.delivery",
      "intake.row_origin",
    ];
    await this.world.sql(tables.map((table) => `delete from ${table}`).join("; "));
    await this.world.sql(`insert into bank values (1, 'First National', 1), (2, 'Crédit d''Été', 2)`);
    await this.world.sql(`insert into branch values (10, 1, 'a'), (11, 1, 'b'), (20, 2, 'c')`);
    await this.world.sql(`insert into client values (100, 'N', 'S', 10), (200, 'N', 'S', 20)`);
    await this.world.sql(
      `insert into account values (1000, 5, 100, '2020-01-01'), (2000, 5, 200, '2020-01-01')`,
    );
  }

  /** Lends a connection as intake's user. */
  connected<Result>(
    use: (connection: Connection) => Promise<Result>,
    timeLimitMs = 30_000,
    stop?: AbortSignal,
  ): Promise<Result> {
    const { host, port, dbname } = this.world.secret;
    const address = { host: String(host), port: Number(port), database: String(dbname) };
    const settings = {
      ...{ secretId: "", host: undefined, port: undefined, name: undefined, schema: undefined },
      ssl: "disable" as const,
    };
    const { login } = this;
    async function* candidates() {
      yield { ...address, ...login };
      await Promise.resolve();
    }
    return withDeadline(
      timeLimitMs,
      "Wait.",
      (deadline) => withConnection(settings, candidates(), deadline, use),
      stop,
    );
  }

  /** Checks and loads a file. */
  load(
    content: string | Uint8Array | (() => AsyncIterable<Uint8Array>),
    file: SentFile = {},
    { sha256, timeLimitMs, via = (connection) => connection, ...options }: LoadOptions = {},
  ): Promise<DeliveryResult> {
    const open = typeof content === "function" ? content : opener(content, file.gzip === true);
    return this.connected(
      (connection) =>
        checkAndLoad({
          ...{ delivery: delivery(file), connection: via(connection) },
          ...{ dryRun: false, ifMissing: "reject", now: NOW },
          ...options,
          content: { open, ...(sha256 !== undefined && { sha256 }) },
        }),
      timeLimitMs,
    );
  }

  /** Everything that a load may change. */
  async state(): Promise<unknown> {
    const tables = {
      client: "select * from client order by 1",
      account: "select idaccount, balance, client_idclient, open_date::text from account order by 1",
      loans: "select idloan, amount, account_idaccount, loan_date::text from loans order by 1",
      origin: "select * from intake.row_origin order by 1, 2",
      ledger: "select * from intake.delivery order by 1",
    };
    const state: Record<string, unknown> = {};
    for (const [name, query] of Object.entries(tables)) state[name] = await this.world.sql(query);
    return state;
  }
}

/** In chunks that end in the middle of lines. */
function opener(content: string | Uint8Array, gzip: boolean): () => AsyncIterable<Uint8Array> {
  const plain = Buffer.from(content);
  const bytes = gzip ? gzipSync(plain) : plain;
  return async function* () {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    await Promise.resolve();
  };
}
