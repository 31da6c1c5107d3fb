/** The keys of bank files and manifests: consumers build them from a bank's name and a month. */
import { QueryError } from "../platform/errors";
import { caseless, skeleton } from "../platform/look-alikes";
import { lastDayOf, type Month, monthPart, yearPart } from "../platform/month";

/** A bank of the group, as the database has it. */
export interface Bank {
  readonly id: number;
  readonly name: string;
}

/** A bank with its name as keys contain it. */
export interface KeyedBank extends Bank {
  readonly keyName: string;
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

/** Whether a key is that of a month's file, of any bank. */
export function isBankFileKey(layout: Layout, folder: string, month: Month, key: string): boolean {
  const bankKeyName = /([^/]+)_\d+\.csv$/.exec(key)?.[1];
  return bankKeyName !== undefined && key === objectKey(layout, folder, bankKeyName, month);
}

/** The key of a month's manifest, which is the same in every layout. */
export function manifestKey({ prefix }: Pick<Layout, "prefix">, folder: string, month: Month): string {
  return `${prefix}${folder}_manifests/${yearPart(month)}/${monthPart(month)}.json`;
}

/**
 * The banks with their names as keys contain them: PascalCase, only letters (of any script) with their marks, and digits.
 *
 * @throws QueryError that names every bank whose name has no letter or digit, or whose key name is the same as another's
 *   or could be taken for it.
 */
export function keyedBanks(banks: readonly Bank[]): readonly KeyedBank[] {
  const keyed = banks.map((bank) => ({ ...bank, keyName: pascalCase(bank.name) }));
  const nameless = keyed.filter(({ keyName }) => keyName === "");
  const problems = [
    ...nameless.map((bank) => `${described(bank)}: no letter or digit to name a file by`),
    ...likenesses(keyed.filter(({ keyName }) => keyName !== "")),
  ];
  if (problems.length > 0) {
    throw new QueryError(`the banks' names don't make distinct file names: ${problems.join("; ")}`, {
      hint: "Correct the names in the table bank, then run the month again. Nothing was published.",
    });
  }
  return keyed;
}

function described({ id, name }: Bank): string {
  return `${JSON.stringify(name)} (bank ${id})`;
}

/** In which ways key names can be alike: the first that applies is reported. */
const waysToBeAlike: readonly {
  readonly form: (keyName: string) => string;
  readonly describe: (banks: readonly KeyedBank[]) => string;
}[] = [
  {
    form: (keyName) => keyName,
    describe: ([bank]) => `the same file name, ${bank?.keyName ?? ""}`,
  },
  {
    form: caseless,
    describe: (banks) => `${keyNamesOf(banks)} differ only in case, and are one folder on Windows and macOS`,
  },
  { form: skeleton, describe: describeLook },
];

/** Of banks that are alike in one way, only the first is compared in the ways that follow. */
function likenesses(banks: readonly KeyedBank[]): string[] {
  const problems: string[] = [];
  let distinct = banks;
  for (const { form, describe } of waysToBeAlike) {
    const groups = groupBy(distinct, ({ keyName }) => form(keyName));
    for (const alike of groups.filter(({ length }) => length > 1)) {
      problems.push(`${alike.map(described).join(" and ")}: ${describe(alike)}`);
    }
    distinct = groups.flatMap(([first]) => (first === undefined ? [] : [first]));
  }
  return problems;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

function keyNamesOf(banks: readonly KeyedBank[]): string {
  return banks.map(({ keyName }) => keyName).join(" and ");
}

/** It names the characters that only some of the names have, because a reader can't see the difference. */
function describeLook(banks: readonly KeyedBank[]): string {
  const differing = banks.flatMap(({ keyName }) => {
    const own = [...new Set(keyName)].filter((each) => banks.some((other) => !other.keyName.includes(each)));
    return own.length === 0 ? [] : [`${keyName} has ${own.map(codePoint).join(" ")}`];
  });
  const same = `${keyNamesOf(banks)} look the same`;
  return differing.length === 0 ? same : `${same}, but ${differing.join(", ")}`;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * `"first national"` → `FirstNational`, `"O'Brien & Söhne"` → `OBrienSöhne`; the rest of a word keeps its case. A mark
 * counts only behind a letter or digit, and characters that nobody sees, such as a soft hyphen, don't count at all.
 */
function pascalCase(name: string): string {
  const words = name
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, "")
    .normalize("NFC")
    .match(/[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}]*/gu);
  return (words ?? []).map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join("");
}
