/** The SQL statements, one a file in `sql/`, which lies beside the code here and in the Lambda's package alike. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

export interface Statement {
  /** The file's name. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the file in hexadecimal: which statement made a figure. */
  readonly sha256: string;
}

export function readStatement(name: string): Statement {
  const text = readFileSync(path.join(__dirname, "..", "sql", name), "utf8");
  return { name, text, sha256: createHash("sha256").update(text).digest("hex") };
}
