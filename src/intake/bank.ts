/** The bank that a folder belongs to. */
import type { WriteTransaction } from "../platform/database/connection";
import { QueryError } from "../platform/errors";
import { pascalCase } from "../platform/key-name";
import { readStatement } from "../platform/statement";

const banks = readStatement("intake/banks.sql");

/**
 * @param folder the bank's name in PascalCase.
 * @returns the bank's id; undefined if no bank has the name.
 * @throws QueryError if several have it: one of them could deliver for the other.
 */
export async function bankOfFolder(
  transaction: WriteTransaction,
  folder: string,
): Promise<number | undefined> {
  const rows = await transaction.query(banks);
  const [first, ...others] = rows
    .filter(([, name]) => pascalCase(name ?? "") === folder)
    .map(([id]) => Number(id));
  if (first === undefined || others.length === 0) return first;
  throw new QueryError(`the folder ${folder} belongs to several banks: ${[first, ...others].join(", ")}`, {
    hint: "Correct the names in the table bank. Nothing was loaded.",
  });
}
