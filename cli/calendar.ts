/** The calendar of `status` as text: a line per bank, a column per month, and a legend for the signs that occur. */
import Table from "cli-table3";

import { calendarOf, type Cell, REVISION_MEANING, type Sign, signs } from "../src/extract/calendar";
import { type Month, monthPart, yearPart } from "../src/platform/month";
import type { MonthStatus } from "../src/extract/status";
import type { Colour } from "./terminal";

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

const plain = {
  chars: {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
    ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
    ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: " " },
  },
  style: { "padding-left": 0, "padding-right": 1, head: [], border: [] },
};

/** @param paint colours a text, or returns it unchanged. */
export function calendar(
  months: readonly MonthStatus[],
  paint: (colour: Colour, text: string) => string,
): string {
  const { years, banks, used, hasRevisions } = calendarOf(months);
  const blocks = years.map((abreast) => {
    const table = new Table(plain);
    table.push(["", ...abreast.map((month, at) => yearOver(month, at))]);
    table.push(["", ...abreast.map(monthPart)]);
    for (const { name, cells } of banks) {
      table.push([name, ...abreast.map((month) => show(cells.get(month), paint))]);
    }
    return `${table.toString().replaceAll(/ +$/gm, "")}\n`;
  });
  const legend = used.map((each) => `${paint(colours[each], signs[each].sign)} ${signs[each].meaning}\n`);
  if (hasRevisions) legend.push(`${paint("dim", "2")} ${REVISION_MEANING}\n`);
  return [...blocks, legend.join("")].join("\n");
}

/** The year above its first month in the block, and spaces of the same width above the others. */
function yearOver(month: Month, at: number): string {
  return at === 0 || monthPart(month) === "01" ? yearPart(month) : "    ";
}

function show(cell: Cell | undefined, paint: (colour: Colour, text: string) => string): string {
  if (cell === undefined) return "";
  const { sign, revision } = cell;
  return (
    paint(colours[sign], signs[sign].sign) + (revision === undefined ? "" : paint("dim", String(revision)))
  );
}
