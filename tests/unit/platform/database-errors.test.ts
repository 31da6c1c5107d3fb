import { databaseError } from "../../../src/platform/database/errors";
import { BatchError } from "../../../src/platform/errors";

const credentials = { host: "db.example", port: 5432, database: "ods", user: "reader", password: "secret" };
const where = "database ods on db.example:5432";

function failure(message: string, code?: unknown, severity?: string): Error {
  return Object.assign(
    new Error(message),
    code !== undefined && { code },
    severity !== undefined && { severity },
  );
}

function explained(error: Error): BatchError {
  const result = databaseError(error, credentials);
  expect(result).toBeInstanceOf(BatchError);
  expect((result as BatchError).cause).toBe(error);
  return result as BatchError;
}

describe("an error of PostgreSQL", () => {
  it.each(["28000", "28P01"])("with SQLSTATE %s means that the user was refused", (code) => {
    expect(explained(failure("no entry", code, "FATAL"))).toMatchObject({
      name: "CredentialsError",
      message: `the ${where} refused the user reader: no entry`,
      hint: "The secret was read again for each attempt, a rotation's new version included; check that its password is this user's, and that the user may connect.",
    });
  });

  it("about a right says which one to grant, as far as the statement tells", () => {
    const error = failure("permission denied for table loans", "42501", "ERROR");
    expect(databaseError(error, credentials, "select 1 from loans")).toMatchObject({
      name: "QueryError",
      hint: expect.stringMatching(
        /^Grant the user reader select on table loans\. An extract reads/,
      ) as string,
    });
    expect(databaseError(error, credentials)).toMatchObject({
      hint: "Grant the user reader select on the tables of docs/contract.md, section 1.",
    });
  });

  it.each(["08006", "53300", "57P01", "57P03", "40001"])(
    "with SQLSTATE %s means that the database is unavailable",
    (code) => {
      expect(explained(failure("busy", code, "ERROR"))).toMatchObject({
        name: "DatabaseUnavailableError",
        message: `the ${where} is not available: busy`,
        hint: "Wait a few minutes.",
      });
    },
  );

  const notFound =
    "Check DB_NAME and DB_SCHEMA: the tables of docs/contract.md, section 1, were not found there.";
  const final = "The message above has the cause. A retry won't help.";
  it.each([
    ["42P01", notFound],
    ["42703", notFound],
    ["3F000", notFound],
    ["3D000", "Check DB_NAME, or dbname in the secret."],
    ["42501", "Grant the user reader select on the tables of docs/contract.md, section 1."],
    ["42601", final],
    ["57014", final],
    ["22028", final],
    ["10853", final],
  ])("with SQLSTATE %s means that a statement was refused", (code, hint) => {
    expect(explained(failure("no", code, "ERROR"))).toMatchObject({
      name: "QueryError",
      message: `the ${where} refused a statement: no (SQLSTATE ${code})`,
      hint,
    });
  });
});

describe("an error of the connection", () => {
  it.each([
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "wrong name"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "wrong version"],
  ])("with the code %s means that the server can't be trusted", (code, message) => {
    expect(explained(failure(message, code))).toMatchObject({
      name: "ConfigError",
      message: `no trusted connection to the ${where}: ${message}`,
      hint: "Check DB_HOST against the names in the server's certificate, and that NODE_EXTRA_CA_CERTS names its certificate authority.",
    });
  });

  it("of a server without TLS says how to do without, on this machine only", () => {
    const message = "The server does not support SSL connections";
    expect(explained(failure(message, undefined))).toMatchObject({
      ...{ name: "ConfigError", message: `no trusted connection to the ${where}: ${message}` },
      hint: "Switch TLS on in the server. Only for a database on this machine, set DB_SSL=disable.",
    });
  });

  it.each([
    ["with a code alone", failure("", "ECONNREFUSED"), "ECONNREFUSED"],
    ["with a message alone", failure("timeout expired"), "timeout expired"],
    ["with both", failure("read ECONNRESET", "ECONNRESET"), "read ECONNRESET"],
    ["with neither, and a code that is not text", failure("", 7), ""],
    // Codes of the operating system resemble SQLSTATEs, but only errors of PostgreSQL have a severity.
    ["with five letters", failure("broken", "EPIPE"), "broken"],
    ["with more than five letters, and a severity", failure("lost", "ENOTFOUND", "FATAL"), "lost"],
    ["with lower case before five letters", failure("lost", "xENOTF", "FATAL"), "lost"],
  ])("%s means that there is no connection", (_, error, why) => {
    expect(explained(error)).toMatchObject({
      name: "DatabaseUnavailableError",
      message: `no connection to the ${where}: ${why}`,
      hint: "Check that the database is running and can be reached from here.",
    });
  });

  it.each(["x28000", "x08006"])("with the code %s belongs to no class of PostgreSQL's errors", (code) => {
    expect(explained(failure("odd", code)).message).toBe(`no connection to the ${where}: odd`);
  });
});

it("something that is not an Error is returned unchanged", () => {
  expect(databaseError("stopped", credentials)).toBe("stopped");
  const foreign = { code: "28000" };
  expect(databaseError(foreign, credentials)).toBe(foreign);
});
