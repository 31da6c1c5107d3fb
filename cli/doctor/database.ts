/** The secret and the database behind it: login, tables, columns, indexes. */
import { type Snapshot, withConnection } from "../../src/platform/database/connection";
import { credentialsToTry } from "../../src/platform/database/credentials";
import { parseSecret, readSecret } from "../../src/platform/database/secret";
import { databaseVariables, parseSettings } from "../../src/platform/settings";
import { readStatement } from "../../src/platform/statement";
import type { Account } from "./account";
import { type Finding, fine, unknown, wrong } from "./finding";

/** The tables of docs/contract.md, section 1; a test compares them with sql/ods/schema.sql. */
export const tables: Readonly<Record<string, readonly string[]>> = {
  bank: ["idbank", "name", "capitalization"],
  branch: ["idbranch", "bank_idbank", "address"],
  worker: ["idworker", "name", "surname", "branch_idbranch", "position"],
  client: ["idclient", "name", "surname", "branch_idbranch"],
  account: ["idaccount", "balance", "client_idclient", "open_date"],
  loans: ["idloan", "amount", "account_idaccount", "loan_date"],
};

/** The columns by which the extract looks rows up; a test compares them with sql/ods/indexes.sql. */
export const indexed: readonly (readonly [table: string, column: string])[] = [
  ["branch", "bank_idbank"],
  ["client", "branch_idbranch"],
  ["loans", "loan_date"],
];

const CREATE_INDEXES =
  "Create it as sql/ods/indexes.sql does. The extract works without it, but reads whole tables.";

/** @throws CredentialsError and the other errors of {@link readSecret}. */
export async function checkSecret(account: Account, secretId: string): Promise<readonly Finding[]> {
  const secretsManager = await account.clients.secretsManager();
  const text = await readSecret(secretsManager, secretId, { stage: "AWSCURRENT" }, account.deadline.signal);
  const { username, masterarn } = parseSecret(secretId, text ?? "");
  const users = masterarn === undefined ? "" : ", which alternates with another one";
  return [fine("secret", `readable, in the RDS format, for the user ${username}${users}`)];
}

/** @throws any error of a connection. */
export async function checkDatabase(account: Account, secretId: string): Promise<readonly Finding[]> {
  const { clients, deadline, environment } = account;
  const variables = { ...environment, DB_SECRET_ID: secretId };
  const settings = parseSettings({ database: databaseVariables }, variables).database;
  const candidates = credentialsToTry(await clients.secretsManager(), settings, deadline.signal);
  return withConnection(settings, candidates, deadline, async (connection) => {
    const { host, database } = connection;
    const snapshot = await connection.openSnapshot();
    return [
      settings.ssl === "verify-full"
        ? fine("database", `${database} on ${host} accepts the login, over TLS`)
        : wrong("database", `${database} on ${host} is used without TLS`, "Remove DB_SSL from the settings."),
      ...(await checkTables(snapshot)),
      ...(await checkIndexes(snapshot)),
    ];
  });
}

const names = (values: Iterable<string>) => `{${[...values].join(",")}}`;

async function checkTables(snapshot: Snapshot): Promise<readonly Finding[]> {
  const rows = await snapshot.query(readStatement("doctor/columns.sql"), [names(Object.keys(tables))]);
  const problems = Object.entries(tables).flatMap(([table, columns]): Finding[] => {
    const ofTable = rows.filter(([name]) => name === table);
    const missing = columns.filter((column) => !ofTable.some(([, name]) => name === column));
    const [, , mayRead, mayWrite] = ofTable[0] ?? [];
    if (ofTable.length === 0)
      return [wrong("tables", `${table} is missing`, "Check DB_NAME, DB_SCHEMA and the user's search path.")];
    if (missing.length > 0) {
      const what = `${table} has no ${missing.join(", ")}`;
      return [wrong("tables", what, "Compare the table with docs/contract.md, section 1.")];
    }
    if (mayRead !== "t") {
      const hint = `As the table's owner: grant select on ${table} to the user of the secret.`;
      return [wrong("tables", `${table} may not be read`, hint)];
    }
    if (mayWrite === "t") {
      const hint = `As the table's owner: revoke insert, update, delete, truncate on ${table} from the user of the secret.`;
      return [wrong("tables", `${table} may be written to, which the extract never does`, hint)];
    }
    return [];
  });
  return problems.length > 0
    ? problems
    : [fine("tables", "all six are there, with their columns, readable only")];
}

async function checkIndexes(snapshot: Snapshot): Promise<readonly Finding[]> {
  const rows = await snapshot.query(readStatement("doctor/indexes.sql"), [
    names(indexed.map(([table]) => table)),
  ]);
  const problems = indexed.flatMap(([table, column]): Finding[] => {
    const found = rows.filter(([name, first]) => name === table && first === column);
    if (found.length === 0) return [wrong("indexes", `none on ${table} (${column})`, CREATE_INDEXES)];
    const isUseful = found.some(([, , method, isCovering]) => method === "brin" || isCovering === "t");
    if (table !== "loans" || isUseful) return [];
    const what = "the index on loans (loan_date) is plain: worse than none";
    return [wrong("indexes", what, "Replace it by one of those in sql/ods/indexes.sql.")];
  });
  return problems.length > 0 ? problems : [fine("indexes", "those of sql/ods/indexes.sql are there")];
}

export function databaseUnknown(): readonly Finding[] {
  const hint = "Correct the parameters first.";
  return [
    unknown("secret", "its ARN is not in SSM", hint),
    unknown("database", "its secret is not known", hint),
  ];
}
