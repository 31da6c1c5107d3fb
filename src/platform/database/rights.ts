/** The right that a refused statement lacks. PostgreSQL names the object, never the right. */

const REFUSED =
  /^permission denied (?:for (?<kind>table|schema|function|sequence) |to create temporary tables in database )"?(?<name>[\w$]+)/;

const HIDDEN = /^query would be affected by row-level security policy for table "([^"]+)"/;

/**
 * @param why PostgreSQL's message: `permission denied for table loans`.
 * @param statement the text that it refused.
 * @returns what to grant: `insert on table loans`; undefined if it can't be told.
 */
export function missingRight(why: string, statement: string): string | undefined {
  const hiding = HIDDEN.exec(why)?.[1];
  if (hiding !== undefined) return `bypassrls: row-level security hides rows of the table ${hiding} from it`;
  const { kind = "database", name } = REFUSED.exec(why)?.groups ?? {};
  if (name === undefined) return undefined;
  if (kind === "database") return `temporary on database ${name}`;
  if (kind === "schema") return `usage on schema ${name}`;
  if (kind === "function") return `execute on function ${name}`;
  const rights = kind === "table" ? rightsOn(name, statement) : [];
  return rights.length === 0 ? undefined : `${rights.join(", ")} on table ${name}`;
}

/** All that the statement does with the table: which part of it was refused isn't known. */
function rightsOn(table: string, statement: string): string[] {
  const has = (verb: string) =>
    new RegExp(`\\b${verb}\\s+(?:only\\s+)?(?:"?[\\w$]+"?\\.)?"?${table}\\b`, "i").test(statement);
  const inserts = has("insert\\s+into") || has("copy");
  const updates = has("update") || (inserts && /\bon\s+conflict\b[^;]*\bdo\s+update\b/i.test(statement));
  const rights = {
    select: has("from") || has("join"),
    insert: inserts,
    update: updates,
    delete: has("delete\\s+from"),
  };
  return Object.entries(rights).flatMap(([right, isNeeded]) => (isNeeded ? [right] : []));
}
