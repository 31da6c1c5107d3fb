/** What a rotation changes in the database: a role's password, or a new role with the rights of another one. */
import { createHash } from "node:crypto";

import type { Snapshot, WriteTransaction } from "../platform/database/connection";
import { QueryError } from "../platform/errors";
import { readStatement } from "../platform/statement";
import { storedPassword } from "./stored-password";
import { isClone, otherUser } from "./users";

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** @throws QueryError if this connection's role may not change that role. */
export async function setPassword(transaction: WriteTransaction, { user, password }: Login): Promise<void> {
  const stored = await storedBy(transaction, user, password);
  await execute(transaction, "set_password", [user, stored]);
}

/**
 * Gives one of two alternating users a password. A clone that doesn't exist is created with the rights of its user.
 *
 * @throws QueryError if this connection's role may not do that, or a user that has rights of its own doesn't exist.
 */
export async function setAlternatePassword(transaction: WriteTransaction, login: Login): Promise<void> {
  const { user, password } = login;
  const [role] = await transaction.query(readStatement("rotation/role.sql"), [user]);
  if (role !== undefined) {
    await setPassword(transaction, login);
    return;
  }
  if (!isClone(user)) {
    throw new QueryError(`the user ${user} doesn't exist, so its clone has no rights either`, {
      hint: `Create the role ${user}, grant it select on the tables of docs/contract.md, section 1, and grant ${user} to its clone.`,
    });
  }
  const stored = await storedBy(transaction, user, password);
  await execute(transaction, "create_clone", [user, stored, otherUser(user)]);
}

/** @throws QueryError if this connection's user is a clone that has not all rights of its user. */
export async function expectRights(snapshot: Snapshot, user: string): Promise<void> {
  if (!isClone(user)) return;
  const [row] = await snapshot.query(readStatement("rotation/has_rights.sql"), [otherUser(user)]);
  if (row?.[0] === "t") return;
  throw new QueryError(`the user ${user} doesn't have the rights of ${otherUser(user)}`, {
    hint: `Run: alter role "${user}" inherit; grant "${otherUser(user)}" to "${user}"; then rotate again.`,
  });
}

async function storedBy(transaction: WriteTransaction, user: string, password: string): Promise<string> {
  const [row] = await transaction.query(readStatement("rotation/password_encryption.sql"));
  const [method, iterations] = row ?? [];
  return storedPassword(user, password, { method: method ?? "", iterations: Number(iterations) });
}

/** Lets PostgreSQL write the statement, with all values quoted, and then runs it. */
async function execute(
  transaction: WriteTransaction,
  name: string,
  values: readonly string[],
): Promise<void> {
  const [row] = await transaction.query(readStatement(`rotation/${name}.sql`), values);
  const text = row?.[0] ?? "";
  const sha256 = createHash("sha256").update(text).digest("hex");
  await transaction.query({ name, text, sha256 });
}

/** The error with a hint for a rotation: the platform's hints are about reading tables. */
export function explain(error: unknown): unknown {
  if (!(error instanceof QueryError)) return error;
  const hint = hints[(error.cause as { readonly code?: string } | undefined)?.code ?? ""];
  return hint === undefined ? error : new QueryError(error.message, { hint, cause: error.cause });
}

/** By SQLSTATE. */
const hints: Readonly<Record<string, string>> = {
  "42501":
    "Users may change their own password, unless rds.restrict_password_commands forbids it; for alternating users, the " +
    "user of masterarn needs createrole and, from PostgreSQL 16 on, the admin option of the user: " +
    "grant <user> to <master> with admin option.",
  // What a standby answers to `begin transaction read write`.
  "0A000": "The host in the secret, or DB_HOST, is a reader: a rotation needs the writer.",
};
