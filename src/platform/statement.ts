/** The SQL statements, one a file below `sql/`, which is packaged beside the code. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Statement {
  /** The file's name without its folder. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the file in hexadecimal: identifies the statement that computed a figure. */
  readonly sha256: string;
}

/**
 * @param file below `sql/`, such as `extract/banks.sql`.
 * @throws Error if no folder above this module has it.
 */
export function readStatement(file: string): Statement {
  return statementOf(path.basename(file), readFileSync(findFile(path.join("sql", file)), "utf8"));
}

/** A statement that is made from a definition. */
export function statementOf(name: string, text: string): Statement {
  return { name, text, sha256: createHash("sha256").update(text).digest("hex") };
}

/**
 * The path of a file that is packaged beside the code. Source files and bundles are at different depths below the
 * project's folder, so each folder above is tried.
 *
 * @throws Error if no folder above this module has it.
 */
export function findFile(file: string): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, file);
    if (existsSync(candidate)) return candidate;
    if (folder === path.dirname(folder)) throw new Error(`no folder above ${__dirname} has the file ${file}`);
  }
}
