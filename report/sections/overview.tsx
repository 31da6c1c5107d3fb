/** The newest month's figures, bank by bank, and their change against the month and the year before. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import type { Measure, Overview, OverviewLine } from "../bank-figures";
import { longMonth, shortMonth } from "../dates";
import { formatHundredths, formatPercent, formatWhole, quotient } from "../decimal";
import type { Figures, MonthFigures } from "../figures";
import type { Remark } from "../remarks";
import { Numbers, Table } from "./parts";

const titles: Readonly<Record<Measure, string>> = {
  amount: "Lent in the month",
  loans: "Loans",
  average: "Moving average",
};

const formats: Readonly<Record<Measure, (value: bigint) => string>> = {
  amount: formatWhole,
  loans: formatWhole,
  average: formatHundredths,
};

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly notes: readonly string[];
  readonly isBad?: boolean;
}

/** The figures that the page begins with. */
export function Tiles({ overview, hasAverages, months, problems }: Figures): JSX.Element {
  const tiles: Tile[] = [
    ...(overview === undefined ? [] : moneyTiles(overview, hasAverages)),
    coverageTile(months),
    {
      name: "to look into",
      value: formatWhole(problems.length),
      notes: [],
      isBad: problems.length > 0,
    },
  ];
  return (
    <dl class="tiles">
      {tiles.map(({ name, value, notes, isBad = false }) => (
        <div class={isBad ? "look" : ""}>
          <dt>{name}</dt>
          <dd class="value">{value}</dd>
          {notes.map((note) => (
            <dd>{note}</dd>
          ))}
        </div>
      ))}
    </dl>
  );
}

function moneyTiles({ month, monthBefore, yearBefore, all }: Overview, hasAverages: boolean): Tile[] {
  const tile = (measure: Measure, name: string): Tile => ({
    name,
    value: shown(all.now[measure], formats[measure]),
    notes: [
      `${change(all.monthBefore[measure], all.now[measure])} on ${shortMonth(monthBefore)}`,
      `${change(all.yearBefore[measure], all.now[measure])} on ${shortMonth(yearBefore)}`,
    ],
  });
  return [
    tile("amount", `lent in ${longMonth(month)}`),
    tile("loans", "loans"),
    ...(hasAverages ? [tile("average", "average of 3 months")] : []),
  ];
}

function coverageTile(months: readonly MonthFigures[]): Tile {
  const count = (...states: MonthFigures["status"][]) =>
    months.filter(({ status }) => states.includes(status)).length;
  const notes = [
    [count("missing"), "missing"] as const,
    [count("withdrawn"), "withdrawn"] as const,
    [count("unreadable"), "unreadable"] as const,
  ].flatMap(([number, what]) => (number === 0 ? [] : [`${formatWhole(number)} ${what}`]));
  return {
    name: months.length === 1 ? "month published" : "months published",
    value: `${count("published")} of ${months.length}`,
    notes,
    isBad: notes.length > 0,
  };
}

export function byBankLead({ monthBefore, yearBefore }: Overview): string {
  return (
    `The newest published month, and its change on ${longMonth(monthBefore)} and on ${longMonth(yearBefore)}. ` +
    "A dash is a month without a figure."
  );
}

/** A table of each measure, narrow enough for a phone. */
export function ByBank(props: {
  overview: Overview;
  hasAverages: boolean;
  remarks: readonly Remark[];
}): JSX.Element {
  const { overview, hasAverages, remarks } = props;
  const { month, monthBefore, yearBefore, banks, all } = overview;
  const lines = banks.length > 1 ? [...banks, all] : banks;
  const shownMeasures: readonly Measure[] = hasAverages
    ? ["amount", "average", "loans"]
    : ["amount", "loans"];
  const isRemarkable = (line: OverviewLine, measure: Measure) =>
    remarks.some(
      (remark) => remark.month === month && remark.bankId === line.id && remark.measure === measure,
    );
  return (
    <div class="trio">
      {shownMeasures.map((measure) => (
        <div>
          <h3>{titles[measure]}</h3>
          <Table
            caption={`${titles[measure]}: ${longMonth(month)}, by bank`}
            columns={["Bank", { number: shortMonth(month) }, on(monthBefore), on(yearBefore)]}
          >
            {lines.map((line) => (
              <tr class={line === all ? "sum" : ""}>
                <th scope="row">{line.name}</th>
                <Numbers texts={[shown(line.now[measure], formats[measure])]} />
                <td class={isRemarkable(line, measure) ? "number remarkable" : "number"}>
                  {change(line.monthBefore[measure], line.now[measure])}
                  {isRemarkable(line, measure) && <span class="spoken">, remarkable</span>}
                </td>
                <Numbers texts={[change(line.yearBefore[measure], line.now[measure])]} />
              </tr>
            ))}
          </Table>
        </div>
      ))}
    </div>
  );
}

function on(month: Month): { readonly number: string } {
  return { number: `on ${shortMonth(month)}` };
}

/** In percent; a dash if there is nothing to compare with. */
function change(before: bigint | undefined, after: bigint | undefined): string {
  if (before === undefined || after === undefined || before <= 0n) return "–";
  return formatPercent(quotient(1000n * (after - before), before));
}

function shown(value: bigint | undefined, format: (value: bigint) => string): string {
  return value === undefined ? "–" : format(value);
}
