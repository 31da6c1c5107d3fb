/** The keys of bank files and manifests: consumers build them from a bank's name and a month. */
import { QueryError } from "../platform/errors";
import { lastDayOf, type Month, monthPart, yearPart } from "../platform/month";

/** A bank of the group, as the database has it. */
export interface Bank {
  readonly id: number;
  readonly name: string;
}

export const keyLayouts = ["plain", "hive"] as const;

/** How keys are built. */
export interface Layout {
  /** What all keys start with: empty, or ends with a slash. */
  readonly prefix: string;
  /** `plain`: `Bank/2026/09/…`; `hive`: `bank=Bank/year=2026/month=09/…`, which query engines read as partitions. */
  readonly folders: (typeof keyLayouts)[number];
}

/**
 * The key of a bank file. It contains the **last day of the data month**, so a rerun on any day has the same key.
 *
 * @param folder of the extract below the prefix: empty, or ends with a slash.
 */
export function objectKey(
  { prefix, folders }: Layout,
  folder: string,
  bankKeyName: string,
  month: Month,
): string {
  const [year, monthOfYear] = [yearPart(month), monthPart(month)];
  const path =
    folders === "hive"
      ? `bank=${bankKeyName}/year=${year}/month=${monthOfYear}`
      : `${bankKeyName}/${year}/${monthOfYear}`;
  return `${prefix}${folder}${path}/${bankKeyName}_${lastDayOf(month).replaceAll("-", "")}.csv`;
}

/** The key of a month's manifest, which is the same in every layout. */
export function manifestKey({ prefix }: Pick<Layout, "prefix">, folder: string, month: Month): string {
  return `${prefix}${folder}_manifests/${yearPart(month)}/${monthPart(month)}.json`;
}

/**
 * The banks' names as keys contain them, by bank id: PascalCase, only letters (of any script) and digits.
 *
 * @throws QueryError that names every bank whose name has no letter or digit, or becomes the same as another bank's.
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
    throw new QueryError(`the banks' names don't make distinct file names: ${problems.join("; ")}`, {
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
