/**
 * The calendar of `status` as text: a line per bank, a column per month, and a legend for the signs that occur. It fits
 * 80 columns, so a bank's name may be cut off.
 */
import Table from "cli-table3";

import { calendarOf, type Cell, REVISION_MEANING, type Sign, signs } from "../src/extract/calendar";
import type { MonthStatusInRange } from "../src/extract/statuses";
import { type Month, monthPart, yearPart } from "../src/platform/month";
import type { Colour, Paint } from "./terminal";

const colours: Readonly<Record<Sign, Colour>> = {
  published: "green",
  verified: "green",
  unverified: "yellow",
  damaged: "red",
  withdrawn: "yellow",
  unreadable: "red",
  missing: "yellow",
  absent: "dim",
};

const STALE = { sign: "≠", meaning: "stale: an earlier month of its window was restated later" };

/** A sign with a revision of two digits; twelve of them with their gaps leave 31 columns for a name. */
const CELL_WIDTH = 3;
const NAME_WIDTH = 31;

const plain = {
  chars: {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
    ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
    ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: " " },
  },
  style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
};

export function calendar(months: readonly MonthStatusInRange[], paint: Paint): string {
  const { years, banks, used, hasRevisions } = calendarOf(months);
  const stale = new Set(months.filter((each) => each.stale === true).map(({ month }) => month));
  const blocks = years.map((abreast) => {
    const table = new Table({
      ...plain,
      // The first column is as wide as its longest name.
      colWidths: [null, ...abreast.map(() => CELL_WIDTH)],
    });
    table.push(["", ...yearsOver(abreast)]);
    table.push(["", ...abreast.map(monthPart)]);
    for (const { name, cells } of banks) {
      table.push([cutOff(name), ...abreast.map((month) => show(cells.get(month), paint))]);
    }
    if (abreast.some((month) => stale.has(month))) {
      table.push(["", ...abreast.map((month) => (stale.has(month) ? paint("red", STALE.sign) : ""))]);
    }
    return `${table.toString().replaceAll(/ +$/gm, "")}\n`;
  });
  const legend = used.map((each) => `${paint(colours[each], signs[each].sign)} ${signs[each].meaning}\n`);
  if (stale.size > 0) legend.push(`${paint("red", STALE.sign)} ${STALE.meaning}\n`);
  if (hasRevisions) legend.push(`${paint("dim", "2")} ${REVISION_MEANING}\n`);
  return [...blocks, legend.join("")].join("\n");
}

/** Characters that take two columns of a terminal. Source: Unicode's East Asian Width, in ranges. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** The name, or as much of it as fits. */
function cutOff(name: string): string {
  let width = 0;
  let kept = "";
  for (const character of name) {
    width += WIDE.test(character) || (character.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
    if (width <= NAME_WIDTH - 1) kept += character;
  }
  return width <= NAME_WIDTH ? name : `${kept}…`;
}

/** Each year above its months; above a single one it is shortened: `'25`. */
function yearsOver(months: readonly Month[]): { content: string; colSpan: number }[] {
  const years = [...new Set(months.map(yearPart))];
  return years.map((year) => {
    const colSpan = months.filter((month) => yearPart(month) === year).length;
    return { content: colSpan === 1 ? `'${year.slice(2)}` : year, colSpan };
  });
}

function show(cell: Cell | undefined, paint: Paint): string {
  if (cell === undefined) return "";
  const { sign, revision } = cell;
  const number = revision === undefined ? "" : revision > 99 ? "++" : String(revision);
  return paint(colours[sign], signs[sign].sign) + (number === "" ? "" : paint("dim", number));
}
