/** What the bucket holds as a calendar in text: one line a bank, a column a month, and a legend for what stands in it. */
import Table from "cli-table3";

import { type Month, monthPart, yearPart } from "../src/month";
import type { FileStatus, MonthStatus } from "../src/status";
import type { Colour } from "./terminal";

type Sign = FileStatus["status"] | "missing" | "unreadable" | "restated" | "absent";

const signs: Readonly<
  Record<Sign, { readonly sign: string; readonly colour: Colour; readonly meaning: string }>
> = {
  published: { sign: "●", colour: "green", meaning: "published" },
  verified: { sign: "✓", colour: "green", meaning: "published, and every byte is as it was" },
  restated: { sign: "2", colour: "dim", meaning: "the revision, where it is not the first" },
  unverified: {
    sign: "?",
    colour: "yellow",
    meaning: "published, but its key holds another version or none",
  },
  damaged: { sign: "✗", colour: "red", meaning: "published, and not what its manifest says" },
  unreadable: { sign: "!", colour: "red", meaning: "the manifest can't be read" },
  missing: { sign: "–", colour: "yellow", meaning: "not published" },
  absent: { sign: "·", colour: "dim", meaning: "published without this bank" },
};

const MONTHS_ABREAST = 12;

const plain = {
  chars: {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
    ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
    ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: " " },
  },
  style: { "padding-left": 0, "padding-right": 1, head: [], border: [] },
};

/** @param paint colours a text, or leaves it. */
export function calendar(
  months: readonly MonthStatus[],
  paint: (colour: Colour, text: string) => string,
): string {
  const banks = banksOf(months);
  const used = new Set<Sign>();
  const blocks: string[] = [];
  for (let first = 0; first < months.length; first += MONTHS_ABREAST) {
    const abreast = months.slice(first, first + MONTHS_ABREAST);
    const table = new Table(plain);
    table.push(["", ...abreast.map(({ month }, at) => yearOver(month, at))]);
    table.push(["", ...abreast.map(({ month }) => monthPart(month))]);
    for (const [bankId, name] of banks) {
      table.push([name, ...abreast.map((month) => cell(month, bankId, used, paint))]);
    }
    blocks.push(`${table.toString().replaceAll(/ +$/gm, "")}\n`);
  }
  const legend = (Object.keys(signs) as Sign[])
    .filter((each) => used.has(each))
    .map((each) => {
      const { sign, colour, meaning } = signs[each];
      return `${paint(colour, sign)} ${meaning}\n`;
    });
  return [...blocks, legend.join("")].join("\n");
}

/** All banks of the months by id, under the name that each had last; one line for all where nothing is published. */
function banksOf(months: readonly MonthStatus[]): [number | undefined, string][] {
  const names = new Map(
    months.flatMap(({ files }) => files.map(({ bankId, bankName }) => [bankId, bankName])),
  );
  if (names.size === 0) return [[undefined, "no bank"]];
  return [...names].sort(([one], [other]) => one - other);
}

/** The year stands over its first month; the others are as wide. */
function yearOver(month: Month, at: number): string {
  return at === 0 || monthPart(month) === "01" ? yearPart(month) : "    ";
}

function cell(
  { status, revision = 1, files }: MonthStatus,
  bankId: number | undefined,
  used: Set<Sign>,
  paint: (colour: Colour, text: string) => string,
): string {
  const file = files.find((each) => each.bankId === bankId);
  const what: Sign = status === "published" ? (file?.status ?? "absent") : status;
  used.add(what);
  const { sign, colour } = signs[what];
  if (file === undefined || revision === 1) return paint(colour, sign);
  used.add("restated");
  return paint(colour, sign) + paint(signs.restated.colour, String(revision));
}
