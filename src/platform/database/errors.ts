/** What a failure of PostgreSQL means, by SQLSTATE. Source: PostgreSQL documentation, "PostgreSQL Error Codes". */
import { isNativeError } from "node:util/types";

import { ConfigError, CredentialsError, DatabaseUnavailableError, QueryError } from "../errors";
import type { Credentials } from "./credentials";
import { missingRight } from "./rights";

/**
 * The error to throw for one of the driver's; what is no error of the driver's comes back as it is.
 *
 * @param statement the text of the statement that was refused, if it was one.
 */
export function databaseError(
  error: unknown,
  { host, port, database, user }: Credentials,
  statement = "",
): unknown {
  if (!isNativeError(error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const where = `database ${database} on ${host}:${String(port)}`;
  const why = error.message;

  if (code.startsWith("28")) {
    return new CredentialsError(`the ${where} refused the user ${user}: ${why}`, {
      hint: "The secret was read again for each attempt, a rotation's new version included; check that its password is this user's, and that the user may connect.",
      cause: error,
    });
  }
  // Class 40 includes 40001, with which a standby cancels a query in order to keep up with its primary.
  if (/^(08|53|57P0|40)/.test(code)) {
    return new DatabaseUnavailableError(`the ${where} is not available: ${why}`, {
      hint: "Wait a few minutes.",
      cause: error,
    });
  }
  if (/^[0-9A-Z]{5}$/.test(code) && "severity" in error) {
    return new QueryError(`the ${where} refused a statement: ${why} (SQLSTATE ${code})`, {
      hint: queryHint(code, user, missingRight(why, statement)),
      cause: error,
    });
  }
  if (why.includes("does not support SSL")) {
    return new ConfigError(`no trusted connection to the ${where}: ${why}`, {
      hint: "Switch TLS on in the server. Only for a database on this machine, set DB_SSL=disable.",
      cause: error,
    });
  }
  if (/CERT|SIGNATURE|ERR_TLS|ERR_SSL/.test(code)) {
    return new ConfigError(`no trusted connection to the ${where}: ${why}`, {
      hint: "Check DB_HOST against the names in the server's certificate, and that NODE_EXTRA_CA_CERTS names its certificate authority.",
      cause: error,
    });
  }
  return new DatabaseUnavailableError(`no connection to the ${where}: ${why === "" ? code : why}`, {
    hint: "Check that the database is running and can be reached from here.",
    cause: error,
  });
}

function queryHint(code: string, user: string, right: string | undefined): string {
  switch (code) {
    case "42P01": // undefined_table
    case "42703": // undefined_column
    case "3F000": // invalid_schema_name
      return "Check DB_NAME and DB_SCHEMA: the tables of docs/contract.md, section 1, were not found there.";
    case "3D000": // invalid_catalog_name
      return "Check DB_NAME, or dbname in the secret.";
    case "42501": // insufficient_privilege
      return right === undefined
        ? `Grant the user ${user} select on the tables of docs/contract.md, section 1.`
        : `Grant the user ${user} ${right}. An extract reads the tables of docs/contract.md, section 1; for intake, sql/intake/schema.sql grants all that it needs.`;
    default:
      return "The message above has the cause. A retry won't help.";
  }
}
