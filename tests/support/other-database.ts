/**
 * A second database beside a world's own, like a second reader instance: a run that reads it shares no lock with the
 * others, and sees other data.
 */
import { randomBytes } from "node:crypto";

import type { Client, QueryResultRow } from "pg";

import { connectTo, templateName } from "./test-server";
import type { World } from "./world";

export class OtherDatabase {
  private constructor(
    readonly name: string,
    private readonly owner: Client,
  ) {}

  /** Creates the tables without rows, and lets the world's role read them. */
  static async create(world: World): Promise<OtherDatabase> {
    const name = `test_${randomBytes(6).toString("hex")}`;
    await world.sql(`create database ${name} template ${templateName("empty")}`);
    const owner = await connectTo(name);
    await owner.query(`grant select on all tables in schema public to ${String(world.secret["username"])}`);
    return new OtherDatabase(name, owner);
  }

  /** The settings for a run that reads this database. */
  get environment(): Readonly<Record<string, string>> {
    return { DB_NAME: this.name };
  }

  /** Runs SQL as the owner of the tables. */
  async sql<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const { rows } = await this.owner.query<R>(text, values);
    return rows;
  }

  /** Must be called before the world is closed, whose role can't be dropped while it has rights here. */
  async close(world: World): Promise<void> {
    await this.owner.end();
    await world.sql(`drop database ${this.name} with (force)`);
  }
}
