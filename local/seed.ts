/**
 * Fills the tables with invented banks, branches and loans of any size. The same options always give the same data.
 * It has the difficulties of real data: months without loans, empty branches, and names and addresses to escape.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Client } from "pg";

export interface SeedOptions {
  readonly loans: number;
  /** One client has one account. */
  readonly accounts: number;
  readonly branches: number;
  readonly banks: number;
  /** The first and the last day on which loans are taken out, as `YYYY-MM-DD`. */
  readonly from: string;
  readonly to: string;
  /** Adds a bank that has no branches. */
  readonly bankWithoutBranches: boolean;
  /** Another number gives other amounts and borrowers. */
  readonly seed: number;
}

/** Three banks, in a size for demonstrations. */
export const smallSeed = {
  loans: 200_000,
  accounts: 30_000,
  branches: 120,
  banks: 3,
  bankWithoutBranches: false,
  seed: 1,
} as const;

/**
 * Creates the tables, fills them and creates the indexes. It takes a second for 200,000 loans, minutes for 20 million.
 * Every tenth branch has no clients, and each branch lends nothing in every fifth month.
 */
export async function seed(
  client: Client,
  options: SeedOptions,
  observe: (step: string) => void = () => undefined,
): Promise<void> {
  const { loans, accounts, branches, banks, from, to, bankWithoutBranches, seed: number } = options;
  await client.query(await ods("schema.sql"));
  // The foreign keys are right by construction, and checking 20 million would take longer than inserting them.
  await client.query("set session_replication_role = replica");
  observe("inventing banks, branches and clients");
  await client.query(await ods("seed_banks.sql"), [banks, bankWithoutBranches]);
  await client.query(await ods("seed_branches.sql"), [branches, banks]);
  await client.query(await ods("seed_workers.sql"), [branches]);
  await client.query(await ods("seed_clients.sql"), [accounts, branches]);
  await client.query(await ods("seed_accounts.sql"), [accounts]);
  observe(`inventing ${loans.toLocaleString("en")} loans`);
  await client.query(await ods("seed_loans.sql"), [loans, accounts, branches, from, to, number]);
  await client.query("reset session_replication_role");
  observe("creating the indexes");
  await client.query(await ods("indexes.sql"));
  await client.query("analyze");
}

function ods(file: string): Promise<string> {
  return readFile(path.join(__dirname, "..", "sql", "ods", file), "utf8");
}
