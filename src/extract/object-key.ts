/** Where a bank's file of a month lies in the bucket: the key that consumers know by heart. */
import { QueryError } from "../platform/errors";
import { lastDayOf, type Month, monthPart, yearPart } from "../platform/month";

/** A bank of the group, as the table holds it. */
export interface Bank {
  readonly id: number;
  readonly name: string;
}

export const keyLayouts = ["plain", "hive"] as const;

/** `plain`: `Bank/2026/09/…`; `hive`: `bank=Bank/year=2026/month=09/…`, which engines read as partitions. */
export type KeyLayout = (typeof keyLayouts)[number];

/**
 * The key of a file, named for the **last day of the data month**, so a rerun on any day has the same.
 *
 * @param home where the extract lies in the bucket: the prefix with its folder.
 */
export function objectKey(home: string, layout: KeyLayout, bankKeyName: string, month: Month): string {
  const [year, monthOfYear] = [yearPart(month), monthPart(month)];
  const folder =
    layout === "hive"
      ? `bank=${bankKeyName}/year=${year}/month=${monthOfYear}`
      : `${bankKeyName}/${year}/${monthOfYear}`;
  return `${home}${folder}/${bankKeyName}_${lastDayOf(month).replaceAll("-", "")}.csv`;
}

/**
 * The banks' names as they stand in keys, by bank id: PascalCase, letters (of any script) and digits alone.
 *
 * @throws QueryError that names every bank whose name has no letter or digit or gives another bank's key name.
 */
export function bankKeyNames(banks: readonly Bank[]): ReadonlyMap<number, string> {
  const sharing = new Map<string, Bank[]>();
  for (const bank of banks) {
    const keyName = pascalCase(bank.name);
    sharing.set(keyName, [...(sharing.get(keyName) ?? []), bank]);
  }

  const problems = [...sharing].flatMap(([keyName, named]) => {
    const names = named.map(({ id, name }) => `${JSON.stringify(name)} (bank ${id})`).join(" and ");
    if (keyName === "") return [`${names}: no letter or digit to name a file by`];
    return named.length > 1 ? [`${names}: the same file name, ${keyName}`] : [];
  });
  if (problems.length > 0) {
    throw new QueryError(`the banks' names make no distinct files: ${problems.join("; ")}`, {
      hint: "Correct the names in the table bank, then run the month again. Nothing was published.",
    });
  }
  return new Map([...sharing].flatMap(([keyName, named]) => named.map(({ id }) => [id, keyName])));
}

/** `"first national"` → `FirstNational`, `"O'Brien & Söhne"` → `OBrienSöhne`; the rest of a word keeps its case. */
function pascalCase(name: string): string {
  return name
    .normalize("NFC")
    .split(/[^\p{L}\p{M}\p{Nd}]+/u)
    .map((word) => word.replace(/^./u, (first) => first.toUpperCase()))
    .join("");
}
