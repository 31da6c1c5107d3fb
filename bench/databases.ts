/** The databases that are measured. Each is created once and kept until it is dropped. */
import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Client } from "pg";

import type { PostgresServer } from "../local/postgres";
import { seed } from "../local/seed";
import { lastClosedMonth } from "../local/stack";
import { addMonths, firstDayOf, lastDayOf, type Month } from "../src/platform/month";
import { count, type LoanSizes } from "./sizes";

/** The loans of every database are from the five years that end with the last closed month. */
const YEARS = 5;

export const lastMonth = lastClosedMonth();

export class Databases {
  readonly #made = new Map<string, Promise<string>>();

  constructor(
    private readonly server: PostgresServer,
    private readonly log: (line: string) => void,
  ) {}

  /** A database with loans of five years. */
  loans({ loans, accounts, branches, banks }: LoanSizes): Promise<string> {
    return this.#database(`loans_${loans}_${branches}`, `${count(loans)} loans in 5 years`, (owner) =>
      seed(owner, {
        ...{ loans, accounts, branches, banks, bankWithoutBranches: false, seed: 1 },
        from: firstDayOf(addMonths(lastMonth, 1 - 12 * YEARS)),
        to: lastDayOf(lastMonth),
      }),
    );
  }

  /** A database with the same loans and branches, but more banks. */
  async manyBanks(sizes: LoanSizes, banks: number): Promise<string> {
    const template = await this.loans(sizes);
    const name = `${template}_${banks}_banks`;
    return this.#database(
      name,
      `the same loans in ${banks} banks`,
      async (owner) => {
        await owner.query(await sql("many_banks.sql"), [banks]);
      },
      template,
    );
  }

  /** A database with exactly this number of loans in each month. */
  months({ accounts, branches, banks }: LoanSizes, months: ReadonlyMap<Month, number>): Promise<string> {
    const sizes = [...months.values()];
    return this.#database("months", `months of ${sizes.map(count).join(", ")} loans`, async (owner) => {
      await seed(owner, {
        ...{ loans: 0, accounts, branches, banks, bankWithoutBranches: false, seed: 1 },
        ...{ from: firstDayOf(lastMonth), to: lastDayOf(lastMonth) },
      });
      await owner.query("set session_replication_role = replica");
      let first = 0;
      for (const [month, loans] of months) {
        await owner.query(await sql("loans_of_month.sql"), [loans, accounts, firstDayOf(month), first]);
        first += loans;
      }
    });
  }

  /** A database with accounts and no loans, and with intake's schema. */
  deliveries({ accounts, branches, banks }: LoanSizes): Promise<string> {
    return this.#database(`deliveries_${accounts}`, "accounts without loans", async (owner) => {
      await seed(owner, {
        ...{ loans: 0, accounts, branches, banks, bankWithoutBranches: false, seed: 1 },
        ...{ from: firstDayOf(lastMonth), to: lastDayOf(lastMonth) },
      });
      await owner.query(await readFile(path.join(__dirname, "..", "sql", "intake", "schema.sql"), "utf8"));
    });
  }

  async drop(database: string): Promise<void> {
    this.#made.delete(database);
    await this.#asAdmin(`drop database ${database} with (force)`);
  }

  #database(
    name: string,
    what: string,
    fill: (owner: Client) => Promise<void>,
    template = "template1",
  ): Promise<string> {
    const present = this.#made.get(name);
    if (present !== undefined) return present;
    const made = (async () => {
      this.log(`creating ${what}`);
      await this.#asAdmin(`create database ${name} template ${template} strategy file_copy`);
      const owner = await this.server.connect(name);
      // The query that is running reports the error as well.
      owner.on("error", () => undefined);
      await fill(owner);
      await owner.query("vacuum analyze");
      await owner.query("checkpoint");
      await owner.end();
      return name;
    })();
    this.#made.set(name, made);
    return made;
  }

  async #asAdmin(statement: string): Promise<void> {
    const admin = await this.server.connect("postgres");
    await admin.query(statement);
    await admin.end();
  }
}

export function sql(name: string): Promise<string> {
  return readFile(path.join(__dirname, "sql", name), "utf8");
}
